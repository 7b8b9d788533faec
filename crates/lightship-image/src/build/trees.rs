//! `[[image.trees]]`: directories and archives of the building machine, pinned by a digest. What
//! has another one is not laid into an image.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path};

use lightship_debian::compress;
use lightship_model::digest::Digest;

use super::BuildError;
use super::cache::Cache;
use super::packages::unpacked::elf_of;
use super::spec::LocalTree;
use super::tree::{Content, Kind, Place};
use crate::elf::Elf;

/// A tree that is larger is none that belongs in an image, in bytes.
const MOST: u64 = 8 << 30;

/// What a tree brings, by path below its place.
pub type Entries = BTreeMap<String, Entry>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub executable: bool,
    pub elf: Option<Elf>,
}

/// Takes in what `tree` names, if it is what it was pinned to.
///
/// # Errors
/// When it can't be read, has something other than files, directories and links, or has another
/// digest.
pub fn take_in(tree: &LocalTree, cache: &Cache) -> Result<Entries, BuildError> {
    let from = &tree.from;
    let found = fs::metadata(from).map_err(BuildError::io("read", from))?;
    let (entries, digest) = if found.is_dir() {
        let mut entries = Entries::new();
        directory(from, "", cache, &mut entries).map_err(BuildError::io("read", from))?;
        let digest = Digest::of(listing(&entries).as_bytes());
        (entries, digest)
    } else {
        let mut file = File::open(from).map_err(BuildError::io("read", from))?;
        let archive = cache.take_in(&mut file, MOST).map_err(BuildError::io("read", from))?;
        // Nothing of what is not meant is parsed.
        if archive.digest != tree.sha256 {
            return Err(other(tree, &archive.digest));
        }
        let digest = archive.digest.clone();
        (unpack(&archive, cache).map_err(BuildError::io("unpack", from))?, digest)
    };
    if digest == tree.sha256 { Ok(entries) } else { Err(other(tree, &digest)) }
}

fn other(tree: &LocalTree, found: &Digest) -> BuildError {
    let from = tree.from.display();
    BuildError::Input(format!(
        "`{from}` is not what the manifest pins: its sha256 is {found}, and {} is wanted; if the \
         change is meant, write the new one into [[image.trees]]",
        tree.sha256
    ))
}

/// What the digest of a directory is made of: a line for each path, in order. Owners, times and
/// the umask are the machine's own affair.
fn listing(entries: &Entries) -> String {
    let mut text = String::new();
    for (path, entry) in entries {
        let (word, what) = match &entry.kind {
            Kind::Directory => ("directory", String::new()),
            Kind::Symlink(target) => ("link", target.clone()),
            Kind::File(content) if entry.executable => ("program", content.digest.to_string()),
            Kind::File(content) => ("file", content.digest.to_string()),
        };
        // Writing into a string does not fail.
        writeln!(text, "{word} {path:?} {what:?}").unwrap_or_default();
    }
    text
}

fn directory(folder: &Path, at: &str, cache: &Cache, entries: &mut Entries) -> io::Result<()> {
    for found in fs::read_dir(folder)? {
        let found = found?;
        let path = found.path();
        let name =
            found.file_name().into_string().map_err(|_| refuse(&path, "has no text's name"))?;
        let to = if at.is_empty() { name } else { format!("{at}/{name}") };
        let kind = found.file_type()?;
        if kind.is_dir() {
            entries.insert(to.clone(), plain(Kind::Directory));
            directory(&path, &to, cache, entries)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(&path)?.into_os_string().into_string();
            let target = target.map_err(|_| refuse(&path, "leads to what is no text"))?;
            entries.insert(to, plain(Kind::Symlink(target)));
        } else if kind.is_file() {
            let mut file = File::open(&path)?;
            let executable = file.metadata()?.permissions().mode() & 0o100 != 0;
            entries.insert(to, file_of(&mut file, executable, MOST, cache)?);
        } else {
            return Err(refuse(&path, "is no file, directory or link"));
        }
    }
    Ok(())
}

fn unpack(archive: &Content, cache: &Cache) -> io::Result<Entries> {
    let Place::File(file) = &archive.place else { return Err(io::ErrorKind::Unsupported.into()) };
    let source = BufReader::with_capacity(1 << 20, File::open(file)?);
    let mut archive = tar::Archive::new(compress::reader(source)?);
    let mut entries = Entries::new();
    let mut left = MOST;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(to) = below(&path)? else { continue };
        let found = match entry.header().entry_type() {
            tar::EntryType::Directory => plain(Kind::Directory),
            tar::EntryType::Symlink => {
                let target = entry.link_name()?.and_then(|it| it.to_str().map(str::to_owned));
                plain(Kind::Symlink(target.ok_or_else(|| refuse(&path, "leads nowhere"))?))
            }
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                let executable = entry.header().mode()? & 0o100 != 0;
                let found = file_of(&mut entry, executable, left, cache)?;
                if let Kind::File(content) = &found.kind {
                    left -= content.size;
                }
                found
            }
            tar::EntryType::XGlobalHeader => continue,
            _ => return Err(refuse(&path, "is no file, directory or link")),
        };
        entries.insert(to, found);
    }
    Ok(entries)
}

fn file_of(
    source: &mut dyn Read,
    executable: bool,
    limit: u64,
    cache: &Cache,
) -> io::Result<Entry> {
    let content = cache.take_in(source, limit)?;
    let elf = elf_of(&content)?;
    Ok(Entry { kind: Kind::File(content), executable, elf })
}

fn plain(kind: Kind) -> Entry {
    Entry { kind, executable: false, elf: None }
}

/// The path below the tree's place; nothing for the place itself.
fn below(path: &Path) -> io::Result<Option<String>> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => {
                parts.push(name.to_str().ok_or_else(|| refuse(path, "is no text"))?);
            }
            Component::CurDir => {}
            _ => return Err(refuse(path, "leads out of the archive")),
        }
    }
    Ok((!parts.is_empty()).then(|| parts.join("/")))
}

fn refuse(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("`{}` {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below() {
        assert_eq!(below(Path::new("./a/b")).unwrap().as_deref(), Some("a/b"));
        assert_eq!(below(Path::new("./")).unwrap(), None);
        for path in ["../a", "/etc/passwd", "a/../../b"] {
            assert!(below(Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn a_listing_tells_a_program_from_a_file_and_a_name_from_a_line() {
        let file = |bytes: &[u8], executable| {
            let place = Place::Memory(std::sync::Arc::from(bytes));
            let content = Content { size: bytes.len() as u64, digest: Digest::of(bytes), place };
            Entry { kind: Kind::File(content), executable, elf: None }
        };
        let of = |name: &str, entry| listing(&Entries::from([(name.to_owned(), entry)]));
        let one = of("a", file(b"x", false));
        assert_ne!(one, of("a", file(b"x", true)));
        assert_ne!(one, of("a", file(b"y", false)));
        assert_ne!(one, of("b", file(b"x", false)));
        assert_eq!(of("a\nb", file(b"x", false)).lines().count(), 1);
    }
}
