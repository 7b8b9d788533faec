//! Removing what a loader that died left behind. Only under the lock: nobody else is writing.

use std::io;
use std::path::{Path, PathBuf};

use super::atomic::is_aside;
use super::receipts::Receipts;
use super::{ToolDir, disk as fs, links, strays};
use crate::confine::cgroup;
use crate::error::{LoaderError, Result};

/// What lies in a tool directory and belongs to nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rubbish {
    /// Prefixes without a receipt.
    pub(crate) prefixes: Vec<String>,
    /// What lies in the stage, and files that were never renamed.
    others: Vec<PathBuf>,
}

/// What a sweep did.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Names of the prefixes that were removed.
    pub(crate) prefixes: Vec<String>,
    /// What could not be removed, and why: it is in nobody's way and is tried again next time.
    pub(crate) failed: Vec<LoaderError>,
}

/// Looks for rubbish, at the cost of listing a few directories.
pub(crate) fn look(dir: &ToolDir, receipts: &Receipts) -> Result<Rubbish> {
    let prefixes = children(&dir.store())?
        .into_iter()
        .filter(|name| !receipts.by_slug.contains_key(name))
        .collect();
    let mut rubbish = Rubbish { prefixes, others: Vec::new() };
    let stage = dir.stage();
    rubbish.others.extend(children(&stage)?.into_iter().map(|name| stage.join(name)));
    for folder in [dir.root().to_owned(), dir.python(), dir.v1(), dir.receipts()] {
        let paths = children(&folder)?.into_iter().map(|name| folder.join(name));
        rubbish.others.extend(paths.filter(|path| is_aside(path)));
    }
    Ok(rubbish)
}

impl Rubbish {
    pub(crate) fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.others.is_empty()
    }

    /// The same without the prefixes `spared`.
    pub(crate) fn except(mut self, spared: &[String]) -> Self {
        self.prefixes.retain(|name| !spared.contains(name));
        self
    }

    /// Ends left-over installers, then removes the rubbish.
    pub(crate) fn sweep(self, dir: &ToolDir) -> Swept {
        // Their loader is dead, or it would hold the lock that we hold.
        strays::end(&dir.stage());
        cgroup::sweep(&dir.stage());
        let mut swept = Swept::default();
        for name in self.prefixes {
            // What a repair that was killed had given up is published still.
            let withdrawn = links::withdraw(dir, &name)
                .map_err(|error| LoaderError::io("withdraw links in", &dir.bin(), error));
            match withdrawn.and_then(|()| remove_tree(&dir.prefix(&name))) {
                Ok(()) => swept.prefixes.push(name),
                Err(error) => swept.failed.push(error),
            }
        }
        let failed = self.others.iter().filter_map(|path| remove_tree(path).err());
        swept.failed.extend(failed);
        crate::fetch::expire_parts(&dir.parts(), std::time::SystemTime::now());
        swept
    }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_fresh_directory_holds_no_rubbish_and_what_is_found_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let dir = ToolDir::make(root.path()).unwrap();
        let receipts = Receipts::default();
        assert!(look(&dir, &receipts).unwrap().is_empty());
        fs::create_dir_all(dir.prefix("ghost-1-0123").join("bin")).unwrap();
        fs::write(dir.stage().join("file"), "x").unwrap();
        fs::write(dir.root().join("loader-state.json.new-17"), "x").unwrap();
        fs::write(dir.root().join("notes.txt"), "the user's own").unwrap();
        let link = dir.bin().join("ghost");
        std::os::unix::fs::symlink("../v1/store/ghost-1-0123/bin/ghost", &link).unwrap();
        let rubbish = look(&dir, &receipts).unwrap();
        assert_eq!((rubbish.prefixes.len(), rubbish.others.len()), (1, 2));
        let swept = rubbish.sweep(&dir);
        assert_eq!(swept.prefixes, ["ghost-1-0123"]);
        assert!(!link.is_symlink());
        assert!(swept.failed.is_empty(), "{swept:?}");
        assert!(look(&dir, &receipts).unwrap().is_empty());
        assert!(dir.root().join("notes.txt").is_file());
    }
}
