//! A tree as a directory on disk: to look at, to change root into, to pack by other means.
//! Owners are set where that is allowed (root), and are the caller's elsewhere.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::BuildError;
use super::checked::Checked;
use super::tree::{Content, Kind, Node, Place, Tree};

/// Writes `tree` into the directory `to`, which must be absent or empty. Owners come with
/// `owners`, for which one has to be root.
///
/// # Errors
/// When something is there, or can't be written.
pub fn write(tree: &Tree, to: &Path, owners: bool) -> Result<(), BuildError> {
    fs::create_dir_all(to).map_err(BuildError::io("make", to))?;
    let mut there = fs::read_dir(to).map_err(BuildError::io("read", to))?;
    if there.next().is_some() {
        let error = io::Error::other("it is not empty");
        return Err(BuildError::io("write into", to)(error));
    }
    for (path, node) in &tree.0 {
        let place = to.join(path);
        put(&place, node, owners).map_err(BuildError::io("write", &place))?;
    }
    // The last first: what is made in a directory changes its time, and a mode may forbid it.
    for (path, node) in tree.0.iter().rev().filter(|(_, node)| node.kind == Kind::Directory) {
        let place = to.join(path);
        let finish = || {
            fs::set_permissions(&place, fs::Permissions::from_mode(node.mode))?;
            File::open(&place)?.set_modified(time(node))
        };
        finish().map_err(BuildError::io("write", &place))?;
    }
    Ok(())
}

fn put(place: &Path, node: &Node, owners: bool) -> io::Result<()> {
    match &node.kind {
        Kind::Directory => fs::create_dir(place)?,
        Kind::Symlink(target) => symlink(target, place)?,
        Kind::File(content) => file(place, content)?,
    }
    if owners {
        lchown(place, Some(node.uid), Some(node.gid))?;
    }
    if matches!(node.kind, Kind::File(_)) {
        // After the owner: a change of that takes the set-user bit away.
        fs::set_permissions(place, fs::Permissions::from_mode(node.mode))?;
        File::open(place)?.set_modified(time(node))?;
    }
    Ok(())
}

fn file(place: &Path, content: &Content) -> io::Result<()> {
    let mut file = File::create_new(place)?;
    match &content.place {
        Place::Memory(bytes) => file.write_all(bytes),
        Place::File(from) => {
            let mut checked = Checked::open(from)?;
            io::copy(&mut checked, &mut file)?;
            checked.finish(content)
        }
    }
}

fn time(node: &Node) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(node.mtime)
}
