//! Removing what a loader that died left behind. Only under the lock: nobody else is writing.

use std::fs;
use std::io;
use std::path::Path;

use super::atomic::is_aside;
use super::receipts::Receipts;
use super::{ToolDir, strays};
use crate::error::{LoaderError, Result};

/// Ends left-over installers, then removes prefixes without a receipt, all stages and files that
/// were never renamed; gives the names of the prefixes that it removed.
pub(crate) fn sweep(dir: &ToolDir, receipts: &Receipts) -> Result<Vec<String>> {
    // Their loader is dead, or it would hold the lock that we hold.
    strays::end(&dir.stage());
    let mut removed = Vec::new();
    for name in children(&dir.store())? {
        if !receipts.by_slug.contains_key(&name) {
            remove_tree(&dir.prefix(&name))?;
            removed.push(name);
        }
    }
    for name in children(&dir.stage())? {
        remove_tree(&dir.stage().join(name))?;
    }
    crate::fetch::expire_parts(&dir.parts(), std::time::SystemTime::now());
    for folder in [dir.root().to_owned(), dir.python(), dir.v1(), dir.receipts()] {
        for path in children(&folder)?.into_iter().map(|name| folder.join(name)) {
            if is_aside(&path) {
                remove_tree(&path)?;
            }
        }
    }
    Ok(removed)
}

fn children(dir: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(dir).map_err(|error| LoaderError::io("read", dir, error))?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// Removes a file or a tree, read-only directories included. Nothing there is no error, also
/// when it goes meanwhile: another loader takes its own probe away.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    let removed = if !metadata.is_dir() {
        fs::remove_file(path)
    } else if fs::remove_dir_all(path).is_ok() {
        Ok(())
    } else {
        // Some installers make directories read-only, which stops everybody but root.
        make_writable(path);
        fs::remove_dir_all(path)
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LoaderError::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

fn make_writable(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    drop(fs::set_permissions(dir, fs::Permissions::from_mode(0o700)));
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}
