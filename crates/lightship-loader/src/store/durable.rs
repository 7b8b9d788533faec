//! Getting a whole tree onto the disk.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{self as fs, File};

/// Up to this many files, each is synced by itself; above, the whole file system is, with one
/// call. That call also waits for everybody else's writes, which on a busy disk took ten
/// seconds for a tool of three files.
const EACH: usize = 2000;

/// Makes everything under `root` durable, and its name in its parent.
///
/// # Errors
/// Also those of writes that were made long before, by whomever: it is the last moment at which
/// they can be told.
pub(crate) fn sync_tree(root: &Path) -> io::Result<()> {
    fs::step("sync-tree", root, || sync(root))
}

fn sync(root: &Path) -> io::Result<()> {
    let mut folders = vec![root.to_owned()];
    let mut files: Vec<PathBuf> = Vec::new();
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
        if files.len() > EACH {
            return sync_all(root);
        }
    }
    for path in files.iter().chain(&folders) {
        match File::open(path) {
            Ok(file) => file.sync_all()?,
            // An installer's file that nobody but root may read is synced with all others.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return sync_all(root),
            Err(error) => return Err(error),
        }
    }
    File::open(root.parent().unwrap_or(root))?.sync_all()
}

/// Syncs the whole file system that `root` is on.
fn sync_all(root: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(root)?)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn small_and_large_trees_are_synced_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), "x").unwrap();
        std::os::unix::fs::symlink("/nonexistent", deep.join("link")).unwrap();
        sync_tree(dir.path()).unwrap();
        for index in 0..=EACH {
            fs::write(deep.join(index.to_string()), "").unwrap();
        }
        sync_tree(dir.path()).unwrap();
        assert!(sync_tree(&dir.path().join("absent")).is_err());
    }
}
