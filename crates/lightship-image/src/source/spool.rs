//! What can be read once only, or is packed as a whole, is laid down in a temporary file first.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;

use super::unpack::{self, Compression};
use super::{SourceError, archive};

/// An archive that is unpacked to more is not laid down, in bytes.
const LARGEST: u64 = 256 << 30;

/// Standard input, as a file of its own.
pub(super) fn standard_input() -> Result<File, SourceError> {
    let owned = io::stdin().as_fd().try_clone_to_owned();
    owned.map(File::from).map_err(SourceError::read("standard input"))
}

/// A file that can be read anywhere: itself, or a copy.
pub(super) fn seekable(mut file: File, name: &str) -> Result<File, SourceError> {
    let metadata = file.metadata().map_err(SourceError::read(name))?;
    if metadata.is_file() {
        return Ok(file);
    }
    copy(&mut file, name)
}

/// How a file as a whole is packed, when it is a tar at all.
pub(super) fn compression(file: &File, name: &str) -> Result<Compression, SourceError> {
    let mut start = vec![0; 4096];
    let count = file.read_at(&mut start, 0).map_err(SourceError::read(name))?;
    start.truncate(count);
    let unknown = |found| Err(SourceError::Unknown { path: name.to_owned(), found });
    match Compression::of(&start) {
        Compression::Plain if start.is_empty() => unknown("empty"),
        Compression::Plain if start.starts_with(b"\xfd7zXZ") => {
            unknown("packed with xz, which images are not")
        }
        Compression::Plain if !archive::is_tar(&start) => unknown("something else"),
        compression => Ok(compression),
    }
}

/// The file, unpacked.
pub(super) fn unpacked(file: &File, name: &str) -> Result<File, SourceError> {
    let mut source = file.try_clone().map_err(SourceError::read(name))?;
    source.seek(SeekFrom::Start(0)).map_err(SourceError::read(name))?;
    let mut decoder = unpack::decoder(Box::new(source)).map_err(SourceError::read(name))?;
    copy(&mut decoder, name)
}

fn copy(reader: &mut dyn Read, name: &str) -> Result<File, SourceError> {
    let mut target = tempfile::tempfile().map_err(SourceError::read("a temporary file"))?;
    let count = io::copy(&mut reader.take(LARGEST), &mut target);
    if count.map_err(SourceError::read(name))? == LARGEST {
        return Err(SourceError::Wrong {
            what: format!("`{name}`"),
            why: "it is unpacked to more than 256 GiB".to_owned(),
        });
    }
    Ok(target)
}
