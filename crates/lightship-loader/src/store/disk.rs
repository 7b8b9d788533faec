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
