//! An OCI image layout: a directory with blobs by their digests, and an index of what is in it.
//!
//! Blobs are written aside and renamed, the index last: a crash leaves the old layout, and some
//! blobs that the next build takes or removes. What is there already is not written again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::{BlobDigest, Descriptor, Index, Manifest, media};
use crate::aside::{self, Aside};
use crate::build::image::Image;

/// The annotation that gives an image of a layout its name.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation by which an index says what a document is about, so that a build need not open
/// it to replace it.
const SUBJECT: &str = "lightship.image.subject";
pub(crate) const MARKER: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    #[error("can't write the layout `{}`: there is something else in it", path.display())]
    Foreign { path: PathBuf },
    #[error("can't {action} `{}`", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("can't read `{}`", path.display())]
    Json {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
}

/// What writing a layout did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Blobs that were not there before, and the index if it has changed.
    pub files: usize,
    /// Blobs that nothing led to any more.
    pub removed: usize,
}

/// Puts `image` into the layout at `dir` under `tag`; other names of the layout stay.
pub fn write(dir: &Path, image: &Image, tag: &str) -> Result<Written, LayoutError> {
    let layout = Layout::open(dir)?;
    let mut written = Written::default();
    for document in documents(image) {
        written.files += usize::from(layout.add_bytes(&document.digest, &document.bytes)?);
    }
    for blob in &image.layers {
        let added = layout.add_file(&blob.compressed.digest, blob.compressed.size, &blob.path)?;
        written.files += usize::from(added);
    }
    let mut entries = entries(image, tag).into_iter();
    if let Some(own) = entries.next() {
        let (changed, removed) = layout.publish(own, entries.collect(), tag)?;
        written.files += usize::from(changed);
        written.removed = removed;
    }
    Ok(written)
}

/// The documents of an image, what is referred to before what refers.
pub(crate) fn documents(image: &Image) -> impl Iterator<Item = &Document> {
    let referrers = image.referrers.iter();
    let about = referrers.flat_map(|it| [&it.config, &it.content, &it.manifest]);
    [&image.config, &image.manifest].into_iter().chain(about)
}

/// The entries of an index for `image` alone.
pub(crate) fn entries(image: &Image, tag: &str) -> Vec<Descriptor> {
    let mut own = image.manifest.descriptor();
    own.platform = Some(image.platform.clone());
    own.annotations = BTreeMap::from([(REF_NAME.to_owned(), tag.to_owned())]);
    let about = image.referrers.iter().map(|referrer| {
        let mut descriptor = referrer.manifest.descriptor();
        descriptor.artifact_type = Some(referrer.artifact_type.clone());
        set_subject(&mut descriptor, &image.manifest.digest);
        descriptor
    });
    [own].into_iter().chain(about).collect()
}

/// An index with `own` under `tag`: it replaces what had that name, with all said about that.
fn merged(old: Option<Index>, own: Descriptor, about: Vec<Descriptor>, tag: &str) -> Index {
    let mut index = old.unwrap_or_else(|| Index::of(Vec::new()));
    let named = |entry: &Descriptor| entry.annotations.get(REF_NAME).is_some_and(|it| it == tag);
    let named_before = index.manifests.iter().filter(|entry| named(entry));
    let before: Vec<BlobDigest> = named_before.map(|it| it.digest.clone()).collect();
    // Another name of the same image keeps what is said about it.
    let still = |digest: &BlobDigest| {
        index.manifests.iter().any(|entry| entry.digest == *digest && !named(entry))
    };
    let gone: Vec<BlobDigest> = before.into_iter().filter(|digest| !still(digest)).collect();
    index.manifests.retain(|entry| {
        let again = about.iter().any(|new| new.digest == entry.digest);
        let about_gone = subject(entry).is_some_and(|subject| gone.contains(&subject));
        !named(entry) && !again && !about_gone
    });
    index.manifests.push(own);
    index.manifests.extend(about);
    // Names first, so that the order does not tell which build was the last.
    index.manifests.sort_by_cached_key(|entry| {
        let name = entry.annotations.get(REF_NAME).cloned();
        (name.is_none(), name, subject(entry), entry.artifact_type.clone(), entry.digest.clone())
    });
    index
}

/// Says in an entry of an index what its document is about.
pub(crate) fn set_subject(entry: &mut Descriptor, subject: &BlobDigest) {
    entry.annotations.insert(SUBJECT.to_owned(), subject.to_string());
}

/// What a document of ours is about.
fn subject(entry: &Descriptor) -> Option<BlobDigest> {
    entry.annotations.get(SUBJECT)?.parse().ok()
}

/// A layout on the disk.
#[derive(Debug)]
pub(crate) struct Layout {
    dir: PathBuf,
}

impl Layout {
    /// The layout at `dir`, which is made if it is not there.
    pub(crate) fn open(dir: &Path) -> Result<Self, LayoutError> {
        let layout = Self { dir: dir.to_owned() };
        layout.prepare()?;
        Ok(layout)
    }

    /// The layout that is at `dir`.
    pub(crate) fn existing(dir: &Path) -> Result<Self, LayoutError> {
        let marker = dir.join("oci-layout");
        fs::metadata(&marker).map_err(at("read", &marker))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Where a blob is, or would be.
    pub(crate) fn path(&self, digest: &BlobDigest) -> PathBuf {
        self.blobs().join(digest.0.as_str())
    }

    /// The image of that name, or the only one.
    ///
    /// # Errors
    /// With the names that there are.
    pub(crate) fn choose(index: &Index, tag: Option<&str>) -> Result<Descriptor, String> {
        let images = index.manifests.iter().filter(|it| it.artifact_type.is_none());
        let images: Vec<&Descriptor> = images.collect();
        let name = |it: &Descriptor| it.annotations.get(REF_NAME).cloned();
        let found = match tag {
            Some(tag) => images.iter().find(|it| name(it).as_deref() == Some(tag)),
            None => {
                images.first().filter(|first| images.iter().all(|it| it.digest == first.digest))
            }
        };
        let names = || images.iter().filter_map(|it| name(it)).collect::<Vec<_>>().join("`, `");
        let found = found.map(|it| (*it).clone());
        found.ok_or_else(|| format!("`{}` are there", names()))
    }

    /// Puts `own` under `tag`, with what is said about it, and removes what nobody needs any
    /// more: whether the index has changed, and how many blobs went.
    pub(crate) fn publish(
        &self,
        mut own: Descriptor,
        about: Vec<Descriptor>,
        tag: &str,
    ) -> Result<(bool, usize), LayoutError> {
        own.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
        let old = self.index()?;
        let index = merged(old.clone(), own, about, tag);
        if old.as_ref() == Some(&index) {
            return Ok((false, 0));
        }
        self.set_index(&index)?;
        Ok((true, self.sweep(&index)?))
    }

    fn blobs(&self) -> PathBuf {
        self.dir.join("blobs/sha256")
    }

    fn prepare(&self) -> Result<(), LayoutError> {
        let marker = self.dir.join("oci-layout");
        let io = |action, path: &Path| at(action, path);
        if !marker.is_file() {
            let used = fs::read_dir(&self.dir).is_ok_and(|mut entries| entries.next().is_some());
            // What a build that was killed has left has blobs, and nothing else.
            if used && !self.blobs().is_dir() {
                return Err(LayoutError::Foreign { path: self.dir.clone() });
            }
        }
        fs::create_dir_all(self.blobs()).map_err(io("make", &self.blobs()))?;
        if fs::read(&marker).is_ok_and(|text| text == MARKER.as_bytes()) {
            return Ok(());
        }
        aside::replace(&marker, MARKER.as_bytes()).map_err(io("write", &marker))
    }

    /// Whether it was not there.
    pub(crate) fn add_bytes(&self, digest: &BlobDigest, bytes: &[u8]) -> Result<bool, LayoutError> {
        let path = self.path(digest);
        if is_there(&path, bytes.len() as u64) {
            return Ok(false);
        }
        aside::replace(&path, bytes).map_err(at("write", &path))?;
        Ok(true)
    }

    /// Copies the file at `from`. No link to it: who changes one of them would change both.
    fn add_file(&self, digest: &BlobDigest, size: u64, from: &Path) -> Result<bool, LayoutError> {
        self.add(digest, size, |file| io::copy(&mut fs::File::open(from)?, file))
    }

    /// Takes a blob of that size from a reader that checks what it gives.
    pub(crate) fn add_stream(
        &self,
        digest: &BlobDigest,
        size: u64,
        from: &mut dyn io::Read,
    ) -> Result<bool, LayoutError> {
        self.add(digest, size, |file| {
            let mut file = io::BufWriter::with_capacity(128 << 10, file);
            let count = io::copy(from, &mut file)?;
            io::Write::flush(&mut file)?;
            Ok(count)
        })
    }

    fn add(
        &self,
        digest: &BlobDigest,
        size: u64,
        fill: impl FnOnce(&mut fs::File) -> io::Result<u64>,
    ) -> Result<bool, LayoutError> {
        let path = self.path(digest);
        if is_there(&path, size) {
            return Ok(false);
        }
        let write = || {
            let mut aside = Aside::create(&path)?;
            let count = fill(aside.file())?;
            if count != size {
                let reason = format!("{count} bytes came, expected were {size}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            aside.commit()
        };
        write().map_err(at("write", &path))?;
        Ok(true)
    }

    pub(crate) fn index(&self) -> Result<Option<Index>, LayoutError> {
        let path = self.dir.join("index.json");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| LayoutError::Json { path, source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at("read", &path)(error)),
        }
    }

    fn set_index(&self, index: &Index) -> Result<(), LayoutError> {
        let path = self.dir.join("index.json");
        let json = |source| LayoutError::Json { path: path.clone(), source };
        let bytes = serde_json::to_vec(index).map_err(json)?;
        aside::replace(&path, &bytes).map_err(at("write", &path))
    }

    /// Removes the blobs that `index` does not lead to; none, where it can't be told.
    fn sweep(&self, index: &Index) -> Result<usize, LayoutError> {
        let mut needed = BTreeSet::new();
        for entry in &index.manifests {
            if !self.reach(entry, &mut needed) {
                return Ok(0);
            }
        }
        let mut removed = 0;
        let blobs = self.blobs();
        for entry in fs::read_dir(&blobs).map_err(at("read", &blobs))? {
            let entry = entry.map_err(at("read", &blobs))?;
            let name = entry.file_name();
            let path = entry.path();
            let digest = name.to_str().and_then(|name| name.parse().ok()).map(BlobDigest);
            let unneeded = digest.is_some_and(|digest| !needed.contains(&digest));
            if unneeded || aside::is_aside(&path) {
                fs::remove_file(&path).map_err(at("remove", &path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Adds what an entry leads to; whether all of it could be read.
    fn reach(&self, entry: &Descriptor, needed: &mut BTreeSet<BlobDigest>) -> bool {
        if !needed.insert(entry.digest.clone()) {
            return true;
        }
        let Ok(bytes) = fs::read(self.path(&entry.digest)) else { return false };
        match entry.media_type.as_str() {
            media::INDEX | media::DOCKER_LIST => serde_json::from_slice(&bytes)
                .is_ok_and(|it: Index| it.manifests.iter().all(|entry| self.reach(entry, needed))),
            media::MANIFEST | media::DOCKER_MANIFEST => {
                let Ok(it) = serde_json::from_slice::<Manifest>(&bytes) else { return false };
                needed.insert(it.config.digest);
                needed.extend(it.layers.into_iter().map(|layer| layer.digest));
                true
            }
            _ => false,
        }
    }
}

fn is_there(path: &Path, size: u64) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == size)
}

fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LayoutError + use<> {
    let path = path.to_owned();
    move |source| LayoutError::Io { action, path, source }
}
