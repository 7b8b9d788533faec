//! The changes that the loader makes to its files. `use crate::store::disk as fs` stands in for
//! `std::fs`: reading is std's own, and each change is a step that a test can make fail
//! (`fault.rs`). Without debug assertions these functions are std's and nothing else.

use std::io::{self, Write as _};
use std::path::Path;

pub(crate) use std::fs::*;

use crate::fault::Step;

/// Performs `act`, a change to `path` that none of the functions below is for.
pub(crate) fn step<T>(
    name: &'static str,
    path: &Path,
    act: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    Step { name, path, frees: false }.perform(|| (), act)
}

/// Like [`step`], for what only gives room back.
fn freeing<T>(
    name: &'static str,
    path: &Path,
    half: impl FnOnce(),
    act: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    Step { name, path, frees: true }.perform(half, act)
}

pub(crate) fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    step("create-dir", path.as_ref(), || std::fs::create_dir_all(&path))
}

/// Makes an empty file, or empties the one that is there.
pub(crate) fn create(path: impl AsRef<Path>) -> io::Result<File> {
    step("create", path.as_ref(), || File::create(&path))
}

/// Writes `bytes` to `file`, which lies at `path`.
pub(crate) fn write_all(file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let half = || {
        if let Ok(mut file) = file.try_clone() {
            drop(file.write_all(&bytes[..bytes.len() / 2]));
        }
    };
    let mut whole: &File = file;
    Step { name: "write", path, frees: false }.perform(half, || whole.write_all(bytes))
}

/// Makes a file of `bytes`.
pub(crate) fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let mut file = create(&path)?;
    write_all(&mut file, path.as_ref(), bytes.as_ref())
}

pub(crate) fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    step("rename", to.as_ref(), || std::fs::rename(&from, &to))
}

pub(crate) fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    step("symlink", link.as_ref(), || std::os::unix::fs::symlink(&target, &link))
}

pub(crate) fn set_permissions(path: impl AsRef<Path>, mode: Permissions) -> io::Result<()> {
    step("set-permissions", path.as_ref(), || std::fs::set_permissions(&path, mode))
}

pub(crate) fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    freeing("remove", path.as_ref(), || (), || std::fs::remove_file(&path))
}

pub(crate) fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let half = || {
        let first = read_dir(&path).into_iter().flatten().flatten().next();
        if let Some(entry) = first {
            drop(std::fs::remove_file(entry.path()));
            drop(std::fs::remove_dir_all(entry.path()));
        }
    };
    freeing("remove-tree", path.as_ref(), half, || std::fs::remove_dir_all(&path))
}

/// Waits until `file`, which lies at `path`, is on the disk.
pub(crate) fn sync(file: &File, path: &Path) -> io::Result<()> {
    step("sync", path, || file.sync_all())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Files that change something which is no part of a tool directory, or that belong to a
    /// process of their own, each with the reason.
    const EXCEPTIONS: [(&str, &str); 9] = [
        ("fault.rs", "its own notes for a test"),
        ("store/disk.rs", "this is it"),
        ("fetch/archive/", "the confined child's part: it unpacks into the prefix alone"),
        ("source/deb/unpack.rs", "the confined child's part, too"),
        ("lock/", "resolves in a directory of its own, elsewhere"),
        ("confine/cgroup", "control groups are no files of the tool directory"),
        ("care/doctor/", "looks, and takes away what it tried with"),
        ("store/volume/probe.rs", "tries what a volume can do, and takes it away"),
        ("fuzz/", "makes the directories that are looked at"),
    ];

    const CHANGES: [&str; 8] = [
        "std::fs::write",
        "std::fs::rename",
        "std::fs::remove",
        "std::fs::create",
        "unix::fs::symlink",
        "File::create",
        "use std::fs;",
        "use std::fs::{self",
    ];

    /// Every file of this crate, without its unit tests.
    fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                found.push((path, text));
            }
        }
    }

    #[test]
    fn nothing_in_the_tool_directory_is_changed_behind_the_back_of_the_steps() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        sources(&root, &mut files);
        for (path, text) in files {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let excepted = EXCEPTIONS.iter().any(|(start, _)| name.starts_with(start));
            if excepted || name.ends_with("tests.rs") {
                continue;
            }
            let reads_only = !["write(", "rename(", "remove_", "create", "symlink(", "set_perm"]
                .iter()
                .any(|word| text.contains(&format!("fs::{word}")));
            let change = CHANGES.iter().find(|change| text.contains(**change));
            let change = change.filter(|change| !change.starts_with("use ") || !reads_only);
            assert!(change.is_none(), "{name}: `{change:?}`: write `use crate::store::disk as fs`");
        }
    }
}
