//! A content of the tree, read so that other bytes than it had do not go unnoticed: somebody may
//! have written over a file of the cache without a change of its size and time.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use lightship_model::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::tree::Content;

/// What a file was expected to hold, and does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it has been changed (sha256 {found}, expected {expected}): it is got anew by the next build"
)]
pub struct Altered {
    pub expected: Digest,
    pub found: Digest,
}

impl Altered {
    /// The one that `error` comes from, if any.
    pub fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            // The source of an `io::Error` is that of what is in it.
            next = match inner {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }
}

/// A file that is read to its end and then compared.
pub(super) struct Checked {
    file: File,
    hasher: Sha256,
}

impl Checked {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, hasher: Sha256::new() })
    }

    /// Whether what was read is `content`.
    pub(super) fn finish(self, content: &Content) -> io::Result<()> {
        let found = Digest::from_hasher(self.hasher);
        if found == content.digest {
            return Ok(());
        }
        let expected = content.digest.clone();
        Err(io::Error::new(io::ErrorKind::InvalidData, Altered { expected, found }))
    }
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
