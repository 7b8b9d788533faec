//! An unpacked root, walked as if it were one layer's tar.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::SourceError;
use crate::tar::read::{Header, Type};

/// What is done with an entry; a file comes opened.
pub type Visit<'a> = dyn FnMut(&Header, Option<&mut File>) -> Result<(), SourceError> + 'a;

/// Gives everything below `root` to `visit` in the order of paths, and files opened. What is
/// mounted below stays out: its directory is there, empty.
///
/// # Errors
/// When something can't be read, and what `visit` fails with.
pub fn walk(root: &Path, visit: &mut Visit<'_>) -> Result<(), SourceError> {
    let device = fs::symlink_metadata(root).map_err(failed(root))?.dev();
    let mut names: HashMap<(u64, u64), Vec<u8>> = HashMap::new();
    let mut waiting: Vec<PathBuf> = children(root)?;
    while let Some(path) = waiting.pop() {
        let metadata = fs::symlink_metadata(&path).map_err(failed(&path))?;
        let name = path.strip_prefix(root).unwrap_or(&path).as_os_str().as_bytes().to_vec();
        let mut header = header(name, &metadata);
        match header.kind {
            Type::File if metadata.nlink() > 1 => {
                let first = names.entry((metadata.dev(), metadata.ino()));
                let first = first.or_insert_with(|| header.path.clone());
                if *first != header.path {
                    header.kind = Type::HardLink;
                    header.link.clone_from(first);
                    header.size = 0;
                }
            }
            Type::Symlink => {
                let target = fs::read_link(&path).map_err(failed(&path))?;
                header.link = target.as_os_str().as_bytes().to_vec();
            }
            Type::Directory if metadata.dev() == device => waiting.extend(children(&path)?),
            _ => (),
        }
        if header.kind == Type::File {
            let mut file = File::open(&path).map_err(failed(&path))?;
            visit(&header, Some(&mut file))?;
        } else {
            visit(&header, None)?;
        }
    }
    Ok(())
}

/// What is in a directory, the last first.
fn children(directory: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed(directory))? {
        paths.push(entry.map_err(failed(directory))?.path());
    }
    paths.sort_unstable_by(|a, b| b.cmp(a));
    Ok(paths)
}

fn header(path: Vec<u8>, metadata: &Metadata) -> Header {
    let kind = metadata.file_type();
    let kind = if kind.is_file() {
        Type::File
    } else if kind.is_dir() {
        Type::Directory
    } else if kind.is_symlink() {
        Type::Symlink
    } else {
        Type::Special
    };
    Header {
        start: 0,
        path,
        kind,
        link: Vec::new(),
        mode: metadata.permissions().mode() & 0o7777,
        uid: metadata.uid().into(),
        gid: metadata.gid().into(),
        mtime: metadata.mtime(),
        size: if kind == Type::File { metadata.len() } else { 0 },
        sparse: false,
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> SourceError {
    let what = format!("`{}`", path.display());
    move |source| SourceError::Read { what, source }
}
