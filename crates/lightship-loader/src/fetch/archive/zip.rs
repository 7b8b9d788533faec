//! Reading zip, and so wheels. What the directory at its end says and what stands before the
//! files must be the same, and every byte belongs to one entry: else two readers see two archives.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use zip::result::ZipError;

use super::meter::Damaged;
use super::name::{self, Place, Selection};
use super::refuse;
use super::root::{Facts, Root};

/// The record at the end of every zip, in bytes, without its comment.
const END: u64 = 22;
/// The longest target of a symbolic link.
const TARGET: u64 = 4096;

pub(super) fn unpack(
    file: &File,
    most: u64,
    selection: &mut Selection<'_>,
    root: &mut Root,
) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(io::BufReader::new(file)).map_err(broken)?;
    if archive.offset() != 0 || !ends_at(file, archive.comment().len() as u64)? {
        return Err(refuse("there is something before or behind the archive"));
    }
    if archive.len() as u64 > most {
        return Err(refuse(format!("there are more than {most} entries in it")));
    }
    archive.validate_header_consistency().map_err(broken)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        let path = name::clean(entry.name().map_err(broken)?.as_bytes())?;
        let Some(place) = selection.take(&path) else { continue };
        if entry.is_dir() {
            root.directory(&place.path)?;
            continue;
        }
        let mode = entry.unix_mode().unwrap_or(0o644);
        match mode & 0o170_000 {
            0o120_000 => {
                let target = target(&mut entry, &place)?;
                root.symlink(&place.path, &target)?;
            }
            0 | 0o100_000 => {
                let facts = Facts { executable: mode & 0o111 != 0, modified: None };
                let mut content = Damaged { inner: entry, what: name::shown_path(&path) };
                root.file(&place, facts, &mut content)?;
            }
            _ => {
                let shown = name::shown_path(&path);
                return Err(refuse(format!(
                    "{shown} is a device or a pipe, which is not unpacked"
                )));
            }
        }
    }
    Ok(())
}

fn target(entry: &mut impl Read, place: &Place) -> io::Result<PathBuf> {
    let mut target = Vec::new();
    entry.take(TARGET + 1).read_to_end(&mut target)?;
    if target.len() as u64 > TARGET || target.iter().any(u8::is_ascii_control) {
        let shown = name::shown_path(&place.path);
        return Err(refuse(format!("the link {shown} does not say where to")));
    }
    Ok(super::unpack::path(&target))
}

/// Whether the last record ends where the file does.
fn ends_at(file: &File, comment: u64) -> io::Result<bool> {
    let Some(at) = file.metadata()?.len().checked_sub(END + comment) else { return Ok(false) };
    let mut mark = [0; 4];
    file.read_exact_at(&mut mark, at)?;
    Ok(&mark == b"PK\x05\x06")
}

fn broken(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => refuse(other.to_string()),
    }
}
