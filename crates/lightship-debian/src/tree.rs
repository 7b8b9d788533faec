//! Entries of packages, and unpacking them into a root of one's own. Nothing lands outside it,
//! whatever a package says.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

/// The directories that are links into `usr` on a merged system.
pub const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File,
    /// With its target as the package has it.
    Symlink(String),
    /// To another path of the package, in the same form as [`Entry::path`].
    HardLink(String),
    /// A device or a pipe.
    Special,
}

/// One entry of a package's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative, usr-merged, without `.` and `..`: `usr/bin/bash`.
    pub path: String,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: u64,
    /// In bytes; of files alone.
    pub size: u64,
    pub kind: Kind,
}

/// A path of a package as it lies in a usr-merged root: `./bin/bash` is `usr/bin/bash`. Empty
/// for the root itself and for the directories that are links there.
///
/// # Errors
/// When the path leads out of the package.
pub fn merged(path: &str) -> io::Result<String> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir | Component::RootDir => {}
            Component::Normal(name) => parts.push(name.to_str().unwrap_or_default()),
            Component::ParentDir | Component::Prefix(_) => {
                return Err(io::Error::other(format!("the path `{path}` leaves the package")));
            }
        }
    }
    match parts.as_slice() {
        [first] if MERGED.contains(first) => Ok(String::new()),
        [first, ..] if MERGED.contains(first) => Ok(format!("usr/{}", parts.join("/"))),
        _ => Ok(parts.join("/")),
    }
}

/// Makes the links into `usr` that a merged root has, for the directories that are there.
///
/// # Errors
/// When something else is in the way.
pub fn link_merged(root: &Path) -> io::Result<()> {
    for name in MERGED {
        let link = root.join(name);
        let wanted = root.join("usr").join(name).is_dir() && !link.is_symlink();
        if wanted {
            symlink(Path::new("usr").join(name), link)?;
        }
    }
    Ok(())
}

/// What becomes of symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// As they are: for a root that will be `/` itself.
    Kept,
    /// Absolute ones are made relative, so that they stay inside wherever the root lies.
    Inside,
}

/// Puts entries into a root.
#[derive(Debug)]
pub struct Unpacker {
    root: PathBuf,
    links: Links,
    /// Bytes that may still be written.
    left: u64,
}

impl Unpacker {
    /// An unpacker that writes at most `limit` bytes below `root`.
    pub fn new(root: &Path, links: Links, limit: u64) -> Self {
        Self { root: root.to_owned(), links, left: limit }
    }

    /// Puts one entry in its place. Modes keep their nine bits and no more; owners are ours.
    ///
    /// # Errors
    /// When it would lie outside the root, is a device, is too large, or can't be written.
    pub fn put(&mut self, entry: &Entry, content: &mut dyn Read) -> io::Result<()> {
        let refuse = |why: &str| Err(io::Error::other(format!("`{}` {why}", entry.path)));
        let path = self.root.join(&entry.path);
        if let Some(parent) = Path::new(&entry.path).parent() {
            self.make_dirs(parent)?;
        }
        match &entry.kind {
            Kind::Directory => self.make_dirs(Path::new(&entry.path)),
            Kind::File => {
                remove(&path)?;
                let mut file = File::create_new(&path)?;
                let mut limited = content.take(self.left.saturating_add(1));
                let written = io::copy(&mut limited, &mut file)?;
                let Some(left) = self.left.checked_sub(written) else {
                    return refuse("makes it more than may be unpacked");
                };
                self.left = left;
                file.set_permissions(fs::Permissions::from_mode(entry.mode & 0o777 | 0o600))
            }
            Kind::Symlink(target) => {
                let target = match self.links {
                    Links::Kept => target.clone(),
                    Links::Inside => inside(&entry.path, target)?,
                };
                remove(&path)?;
                symlink(target, &path)
            }
            Kind::HardLink(target) => {
                if let Some(parent) = Path::new(target).parent() {
                    self.make_dirs(parent)?;
                }
                let target = self.root.join(target);
                if !fs::symlink_metadata(&target)?.is_file() {
                    return refuse("is a link to what is no file");
                }
                remove(&path)?;
                fs::hard_link(&target, &path)
            }
            Kind::Special => refuse("is a device or a pipe"),
        }
    }

    /// Makes directories one by one: a link in the way is an error, not a way out.
    fn make_dirs(&self, relative: &Path) -> io::Result<()> {
        let mut current = self.root.clone();
        fs::create_dir_all(&current)?;
        for part in relative.components() {
            current.push(part);
            match fs::symlink_metadata(&current) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => {
                    let what = format!("`{}` is no directory", current.display());
                    return Err(io::Error::other(what));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir(&current)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Makes room for a file: what another package had there goes. A directory stays, and is told.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The target of the link `from` in a form that stays inside the root.
fn inside(from: &str, target: &str) -> io::Result<String> {
    let depth = from.split('/').count() - 1;
    if target.starts_with('/') {
        let target = plain(target.trim_start_matches('/'), 0)
            .and_then(|target| merged(&target).ok().map(|merged| (target, merged)));
        if let Some((plain, merged)) = target {
            // A link to a merged directory itself is one into `usr`.
            let to = if merged.is_empty() && !plain.is_empty() {
                format!("usr/{plain}")
            } else {
                merged
            };
            return Ok(format!("{}{to}", "../".repeat(depth)));
        }
    } else if plain(target, depth).is_some() {
        return Ok(target.to_owned());
    }
    Err(io::Error::other(format!("the link `{from}` to `{target}` leaves the package")))
}

/// `target` without dots; nothing if it climbs more than `depth` directories up.
fn plain(target: &str, mut depth: usize) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.pop() {
                Some(_) => {}
                None => depth = depth.checked_sub(1)?,
            },
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_merged_into_usr() {
        for (path, expected) in [
            ("./bin/bash", "usr/bin/bash"),
            ("/sbin/ldconfig", "usr/sbin/ldconfig"),
            ("lib64/ld.so", "usr/lib64/ld.so"),
            ("./lib/", ""),
            ("./", ""),
            ("./usr/lib/x", "usr/lib/x"),
            ("./libexec/x", "libexec/x"),
        ] {
            assert_eq!(merged(path).unwrap(), expected);
        }
        assert!(merged("./../x").is_err());
    }

    #[test]
    fn absolute_links_become_relative_ones() {
        for (from, target, expected) in [
            ("usr/lib64/ld.so", "/lib/x/ld-2.so", "../../usr/lib/x/ld-2.so"),
            ("etc/link", "/bin", "../usr/bin"),
            ("top", "/etc/x", "etc/x"),
            ("usr/bin/cc", "../lib/cc", "../lib/cc"),
        ] {
            assert_eq!(inside(from, target).unwrap(), expected);
        }
        assert!(inside("usr/x", "../../../etc").is_err());
    }

    proptest! {
        #[test]
        fn no_link_leaves_the_root(
            from in "[a-c]{1,2}(/[a-c]{1,2}){0,3}",
            target in "/?([a-c.]{1,3}/){0,5}[a-c]{0,2}",
        ) {
            if let Ok(target) = inside(&from, &target) {
                let depth = from.split('/').count() - 1;
                prop_assert!(!target.starts_with('/'));
                prop_assert!(plain(&target, depth).is_some());
            }
        }
    }
}
