//! What was fetched and unpacked before: by digest, so that nothing is fetched or unpacked twice.
//!
//! ```text
//! files/3f/3f9a…     the bytes of a file of a package
//! index/DIGEST       what was unpacked from the file with that digest: entries, in JSON
//! scripts/DIGEST     a maintainer script, for people to read
//! fetch/             parts of downloads, and the trail of them
//! tools/             tool directories of baked tools
//! layers/            compressed layers
//! ```
//!
//! Each file is written aside and renamed. One whose size or time is not what it was made with
//! has been changed by somebody: its index is as good as absent, and everything is got anew. What
//! was changed without that shows when it is written into an image: that build fails, and the next
//! gets it anew.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use lightship_model::digest::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::BuildError;
use super::checked::Altered;
use super::tree::{Content, Place};

/// What the time of every file here is, in seconds since 1970: another time is another writer.
const STAMP: Duration = Duration::from_secs(1);

/// The cache's directory.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache that this machine's user has: `LOA_IMAGE_CACHE`, or `lightship/image` in the
    /// place for caches.
    ///
    /// # Errors
    /// When it can't be made, or nothing says where it is.
    pub fn open() -> Result<Self, BuildError> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = match (var("LOA_IMAGE_CACHE"), var("XDG_CACHE_HOME"), var("HOME")) {
            (Some(own), _, _) => PathBuf::from(own),
            (None, Some(caches), _) => Path::new(&caches).join("lightship/image"),
            (None, None, Some(home)) => Path::new(&home).join(".cache/lightship/image"),
            (None, None, None) => {
                let what = "where is the cache? LOA_IMAGE_CACHE and HOME are not set";
                return Err(BuildError::Input(what.to_owned()));
            }
        };
        Self::at(&root)
    }

    /// The cache in `root`.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn at(root: &Path) -> Result<Self, BuildError> {
        for folder in ["files", "index", "scripts", "aside"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(BuildError::io("make", &path))?;
        }
        let root = fs::canonicalize(root).map_err(BuildError::io("find", root))?;
        Ok(Self { root })
    }

    /// Where downloads are kept while they come.
    pub fn fetch_dir(&self) -> PathBuf {
        self.root.join("fetch")
    }

    /// The tool directory in which the tools of a manifest are baked, by a digest of its path.
    pub fn tools_dir(&self, manifest: &Digest) -> PathBuf {
        self.root.join("tools").join(manifest.as_str())
    }

    /// Where compressed layers are kept.
    pub fn layers_dir(&self) -> PathBuf {
        self.root.join("layers")
    }

    /// A name for a new file, that nobody else writes.
    pub fn aside(&self) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        self.root.join("aside").join(format!("{}-{count}", std::process::id()))
    }

    fn file_path(&self, digest: &Digest) -> PathBuf {
        let text = digest.as_str();
        self.root.join("files").join(&text[..2]).join(text)
    }

    /// The content with that digest, if it is here as it was written.
    pub fn content(&self, digest: &Digest, size: u64) -> Option<Content> {
        let path = self.file_path(digest);
        let found = fs::symlink_metadata(&path).ok()?;
        let stamp = found.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let whole = found.is_file() && found.len() == size && stamp == STAMP;
        whole.then(|| Content { size, digest: digest.clone(), place: Place::File(path) })
    }

    /// Takes in what `source` gives: at most `limit` bytes.
    ///
    /// # Errors
    /// When reading or writing fails, or it is more.
    pub fn take_in(&self, source: &mut dyn Read, limit: u64) -> io::Result<Content> {
        let aside = self.aside();
        let taken = self.write(source, limit, &aside);
        if taken.is_err() {
            // The error is the one to tell; the file is rubbish either way.
            drop(fs::remove_file(&aside));
        }
        taken
    }

    fn write(&self, source: &mut dyn Read, limit: u64, aside: &Path) -> io::Result<Content> {
        let mut file = File::create(aside)?;
        let mut hasher = Sha256::new();
        let mut block = vec![0; 128 << 10];
        let mut size = 0;
        loop {
            let count = source.read(&mut block)?;
            if count == 0 {
                break;
            }
            size += count as u64;
            if size > limit {
                return Err(io::Error::other("it is larger than it may be"));
            }
            hasher.update(&block[..count]);
            file.write_all(&block[..count])?;
        }
        file.set_modified(SystemTime::UNIX_EPOCH + STAMP)?;
        let digest = Digest::from_hasher(hasher);
        let path = self.file_path(&digest);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(aside, &path)?;
        Ok(Content { size, digest, place: Place::File(path) })
    }

    /// What was noted of the file with that digest, if it can be read.
    pub fn index<T: DeserializeOwned>(&self, kind: &str, digest: &Digest) -> Option<T> {
        let text = fs::read_to_string(self.index_path(kind, digest)).ok()?;
        let (seal, json) = text.split_once('\n')?;
        let seal: Digest = seal.parse().ok()?;
        // A note that was cut or edited is none.
        (Digest::of(json.as_bytes()) == seal).then(|| serde_json::from_str(json).ok())?
    }

    /// Notes what is in the file with that digest: the last step of taking it in.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn note<T: Serialize>(
        &self,
        kind: &str,
        digest: &Digest,
        value: &T,
    ) -> Result<(), BuildError> {
        let path = self.index_path(kind, digest);
        let json = serde_json::to_string(value).map_err(io::Error::from);
        let json = json.map_err(BuildError::io("write", &path))?;
        let text = format!("{}\n{json}", Digest::of(json.as_bytes()));
        self.replace(&path, text.as_bytes())
    }

    /// Keeps a maintainer script where people can read it; gives the path.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep_script(&self, text: &[u8]) -> Result<Digest, BuildError> {
        let digest = Digest::of(text);
        self.replace(&self.script_path(&digest), text)?;
        Ok(digest)
    }

    /// Where [`keep_script`](Self::keep_script) keeps it.
    pub fn script_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("scripts").join(digest.as_str())
    }

    /// Drops a content whose bytes turned out to be others, so that the next build gets it anew.
    pub fn forget(&self, digest: &Digest) {
        // Absent is what is wanted.
        drop(fs::remove_file(self.file_path(digest)));
    }

    /// The same for the content that `error` is about, if it is about one.
    pub fn forget_altered(&self, error: &(dyn Error + 'static)) {
        if let Some(altered) = Altered::behind(error) {
            self.forget(&altered.expected);
        }
    }

    fn index_path(&self, kind: &str, digest: &Digest) -> PathBuf {
        self.root.join("index").join(format!("{digest}.{kind}"))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
        let aside = self.aside();
        // Not synced: a power cut leaves a note whose seal does not hold, or a file of another
        // size, and a thousand syncs of a tree of modules took minutes beside a busy disk.
        let written = fs::write(&aside, bytes).and_then(|()| fs::rename(&aside, path));
        written.map_err(BuildError::io("write", path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_is_not_taken_for_the_content() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::at(place.path()).unwrap();
        let content = cache.take_in(&mut &b"bytes"[..], 10).unwrap();
        assert_eq!(content.digest, Digest::of(b"bytes"));
        assert_eq!(cache.content(&content.digest, 5), Some(content.clone()));
        let Place::File(path) = &content.place else { panic!() };
        fs::write(path, "bytez").unwrap();
        assert_eq!(cache.content(&content.digest, 5), None);
        cache.take_in(&mut &b"bytes"[..], 10).unwrap();
        assert!(cache.content(&content.digest, 5).is_some());
        assert!(cache.content(&content.digest, 6).is_none());
        cache.forget(&content.digest);
        assert!(cache.content(&content.digest, 5).is_none());
        assert!(cache.take_in(&mut &b"bytes"[..], 4).is_err());
        assert_eq!(fs::read_dir(place.path().join("aside")).unwrap().count(), 0);
    }

    #[test]
    fn a_note_that_was_edited_is_none() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::at(place.path()).unwrap();
        let digest = Digest::of(b"x");
        cache.note("deb", &digest, &vec![1, 2]).unwrap();
        assert_eq!(cache.index::<Vec<u32>>("deb", &digest), Some(vec![1, 2]));
        let path = cache.index_path("deb", &digest);
        let text = fs::read_to_string(&path).unwrap().replace('2', "3");
        fs::write(&path, text).unwrap();
        assert_eq!(cache.index::<Vec<u32>>("deb", &digest), None);
    }
}
