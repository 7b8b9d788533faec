//! Where blobs come from, and reading small ones whole.

use std::fmt::Debug;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lightship_model::digest::Digest;
use serde::de::DeserializeOwned;

use super::SourceError;
use crate::oci::{BlobDigest, Descriptor};

/// Manifests and configurations that are longer are none, in bytes.
const LONGEST_DOCUMENT: u64 = 8 << 20;

/// What to read.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Checked, where it is known.
    pub digest: Option<BlobDigest>,
    /// Checked, where it is known, in bytes.
    pub size: Option<u64>,
    /// Its path in a layout or an archive; for messages, too.
    pub name: String,
}

/// Something that gives blobs. It need not check them.
pub trait Blobs: Debug + Send + Sync {
    /// The blob's bytes.
    ///
    /// # Errors
    /// When there is no such blob, or it can't be read.
    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, SourceError>;

    /// The bytes of a manifest or an index, which registries keep elsewhere.
    ///
    /// # Errors
    /// When there is no such document, or it can't be read.
    fn open_manifest(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, SourceError> {
        self.open(blob)
    }
}

impl Blob {
    /// A blob in a layout.
    pub fn of(descriptor: &Descriptor) -> Self {
        Self {
            digest: Some(descriptor.digest.clone()),
            size: Some(descriptor.size),
            name: format!("blobs/sha256/{}", descriptor.digest.0),
        }
    }

    /// A file of a layout or an archive of which no digest is known.
    pub fn named(name: &str) -> Self {
        Self { digest: None, size: None, name: name.to_owned() }
    }

    /// Compares what was read with what was wanted. Only who wants no digest need have made one.
    pub(super) fn check(&self, digest: Option<&Digest>, size: u64) -> Result<(), SourceError> {
        let what = || format!("`{}`", self.name);
        if let Some(wanted) = self.size.filter(|wanted| *wanted != size) {
            return Err(SourceError::Size { what: what(), wanted, found: size });
        }
        match (&self.digest, digest) {
            (Some(BlobDigest(wanted)), found) if found != Some(wanted) => {
                Err(SourceError::Digest {
                    what: what(),
                    wanted: wanted.to_string(),
                    found: found.map_or_else(|| "none".to_owned(), Digest::to_string),
                })
            }
            _ => Ok(()),
        }
    }

    /// Reads a document whole, and checks it.
    pub(super) fn read(&self, blobs: &dyn Blobs) -> Result<Vec<u8>, SourceError> {
        self.read_from(blobs.open(self)?)
    }

    /// The same of a manifest or an index.
    pub(super) fn read_manifest(&self, blobs: &dyn Blobs) -> Result<Vec<u8>, SourceError> {
        self.read_from(blobs.open_manifest(self)?)
    }

    fn read_from(&self, reader: Box<dyn Read + Send>) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        let mut reader = reader.take(LONGEST_DOCUMENT + 1);
        reader.read_to_end(&mut bytes).map_err(SourceError::read(&format!("`{}`", self.name)))?;
        if bytes.len() as u64 > LONGEST_DOCUMENT {
            return Err(self.wrong("it is longer than 8 MiB"));
        }
        self.check(Some(&Digest::of(&bytes)), bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Reads a JSON document.
    pub(super) fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, SourceError> {
        serde_json::from_slice(bytes).map_err(|error| self.wrong(error.to_string()))
    }

    pub(super) fn wrong(&self, why: impl Into<String>) -> SourceError {
        SourceError::Wrong { what: format!("`{}`", self.name), why: why.into() }
    }
}

/// A directory in the OCI layout.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl Blobs for Folder {
    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, SourceError> {
        let path = self.0.join(&blob.name);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(SourceError::Missing { what: format!("`{}`", path.display()) })
            }
            Err(source) => Err(SourceError::Open { path: path.display().to_string(), source }),
        }
    }
}

/// A file that is the only blob.
#[derive(Debug)]
pub(super) struct Whole(Arc<File>);

impl Whole {
    pub(super) fn new(file: File) -> Self {
        Self(Arc::new(file))
    }
}

impl Blobs for Whole {
    fn open(&self, _: &Blob) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(Range::new(Arc::clone(&self.0), 0, u64::MAX)))
    }
}

/// A part of a file, read without moving anybody else's place in it.
#[derive(Debug)]
pub(super) struct Range {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Range {
    pub(super) fn new(file: Arc<File>, at: u64, length: u64) -> Self {
        Self { file, at, left: length }
    }

    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }
}

impl Seek for Range {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // Only on from where it is: that is all an index of an archive needs.
        let SeekFrom::Current(by) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        let by = u64::try_from(by).map_err(|_| io::ErrorKind::Unsupported)?;
        self.at = self.at.saturating_add(by);
        self.left = self.left.saturating_sub(by);
        Ok(self.at)
    }
}

impl Read for Range {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}
