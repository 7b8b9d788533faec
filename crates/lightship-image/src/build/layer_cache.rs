//! Compressed layers, kept from one build to the next.
//!
//! The key of a layer is the digest of all that its bytes follow from: the list of its entries
//! (paths, modes, owners, times, targets, and the digests of files, not their bytes), the
//! compressor with its version, and the level. So a layer that has not changed is found without
//! reading one file of it, and one that was found can't be another.
//!
//! `KEY.blob` holds the bytes, `KEY.json` its digests. The second is written last: without it
//! there is no layer, whatever lies beside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lightship_model::digest::Digest;
use serde::{Deserialize, Serialize};

use super::blob::{self, Blob};
use super::compress::{Compressed, Compression};
use super::layers::Layer;
use crate::aside::{self, Aside};
use crate::oci::BlobDigest;

/// A directory of compressed layers.
#[derive(Clone, Debug)]
pub struct LayerCache {
    dir: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    diff_id: BlobDigest,
    digest: BlobDigest,
    size: u64,
    plain: u64,
}

impl LayerCache {
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The compressed layer: as it was kept, or made now with so many threads. The answer says
    /// whether it was there.
    pub fn get(
        &self,
        layer: &Layer,
        compression: Compression,
        threads: usize,
    ) -> io::Result<(Blob, bool)> {
        let key = key(layer, compression);
        let path = self.dir.join(format!("{key}.blob"));
        let record = self.dir.join(format!("{key}.json"));
        let media_type = compression.media_type();
        if let Some(compressed) = kept(&path, &record) {
            // Only so that it is not taken for one that nobody needs; it may be another user's.
            drop(fs::File::open(&record).and_then(|file| file.set_modified(SystemTime::now())));
            return Ok((Blob { media_type, compressed, path }, true));
        }
        fs::create_dir_all(&self.dir)?;
        let mut aside = Aside::create(&path)?;
        let compressed = blob::write(layer, compression, threads, &mut aside)?;
        aside.commit()?;
        let Compressed { diff_id, digest, size, plain } = compressed.clone();
        let text = serde_json::to_vec(&Record { diff_id, digest, size, plain })?;
        aside::replace(&record, &text)?;
        Ok((Blob { media_type, compressed, path }, false))
    }

    /// Removes the layers that no build has used for `age`, and what a build that was killed
    /// has left; gives how many bytes that were.
    pub fn prune(&self, age: Duration) -> io::Result<u64> {
        let now = SystemTime::now();
        let old = |found: &fs::Metadata| {
            let since = found.modified().ok().and_then(|time| now.duration_since(time).ok());
            since.is_some_and(|since| since > age)
        };
        let mut freed = 0;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let path = entry.path();
            let known = matches!(path.extension(), Some(end) if end == "json" || end == "blob");
            // A blob is as old as its record: that one alone is touched.
            let witness = if known { path.with_extension("json") } else { path.clone() };
            let aged = witness.metadata().or_else(|_| entry.metadata()).is_ok_and(|it| old(&it));
            if aged && path.is_file() && (known || aside::is_aside(&path)) {
                freed += entry.metadata().map_or(0, |found| found.len());
                fs::remove_file(&path)?;
            }
        }
        Ok(freed)
    }
}

fn key(layer: &Layer, compression: Compression) -> Digest {
    let text = format!("layer 1\n{}\n{}\n", layer.key(), compression.identity());
    Digest::of(text.as_bytes())
}

/// What the record says, if the blob beside it can be the one.
fn kept(blob: &Path, record: &Path) -> Option<Compressed> {
    let record: Record = serde_json::from_slice(&fs::read(record).ok()?).ok()?;
    let Record { diff_id, digest, size, plain } = record;
    (fs::metadata(blob).ok()?.len() == size).then_some(Compressed { diff_id, digest, size, plain })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::layers::layers;
    use crate::build::sample::{file, tree};
    use crate::build::tree::Stratum;

    fn layer(text: &str) -> Layer {
        layers(&tree([("x", file(text, Stratum::System))]), u64::MAX).unwrap().remove(0)
    }

    #[test]
    fn a_layer_is_made_once_and_again_when_anything_is_different() {
        let dir = tempfile::tempdir().unwrap();
        let cache = LayerCache::at(&dir.path().join("layers"));
        let (first, was_there) = cache.get(&layer("x"), Compression::ZSTD, 1).unwrap();
        assert!(!was_there);
        let (second, was_there) = cache.get(&layer("x"), Compression::ZSTD, 2).unwrap();
        assert!(was_there);
        assert_eq!(first.compressed, second.compressed);
        assert_eq!(Digest::of(&fs::read(&second.path).unwrap()), first.compressed.digest.0);
        for (text, compression) in
            [("y", Compression::ZSTD), ("x", Compression::Zstd(3)), ("x", Compression::GZIP)]
        {
            assert!(!cache.get(&layer(text), compression, 1).unwrap().1, "{text} {compression:?}");
        }
    }

    #[test]
    fn what_was_left_half_made_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = LayerCache::at(dir.path());
        let (blob, _) = cache.get(&layer("x"), Compression::GZIP, 1).unwrap();
        let whole = fs::read(&blob.path).unwrap();
        fs::remove_file(&blob.path).unwrap();
        fs::write(&blob.path, &whole[1..]).unwrap();
        assert!(!cache.get(&layer("x"), Compression::GZIP, 1).unwrap().1);
        assert_eq!(fs::read(&blob.path).unwrap(), whole);
        fs::write(blob.path.with_extension("json"), "{").unwrap();
        assert!(!cache.get(&layer("x"), Compression::GZIP, 1).unwrap().1);
    }

    #[test]
    fn layers_that_nobody_uses_are_removed_and_others_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let cache = LayerCache::at(dir.path());
        let (old, _) = cache.get(&layer("old"), Compression::GZIP, 1).unwrap();
        let long_ago = SystemTime::now() - Duration::from_hours(100);
        let record = old.path.with_extension("json");
        fs::File::open(&record).unwrap().set_modified(long_ago).unwrap();
        fs::write(dir.path().join("note.txt"), "mine").unwrap();
        cache.get(&layer("new"), Compression::GZIP, 1).unwrap();
        let freed = cache.prune(Duration::from_hours(99)).unwrap();
        assert!(freed > old.compressed.size);
        assert!(!old.path.exists() && !record.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }
}
