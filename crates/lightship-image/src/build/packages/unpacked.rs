//! A package as the cache holds it: what is in it, and where the bytes of its files are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use lightship_debian::control::paragraphs;
use lightship_debian::deb;
use lightship_debian::tree::{Entry, Kind};
use lightship_debian::useful::is_useful;
use lightship_model::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::build::BuildError;
use crate::build::cache::Cache;
use crate::build::tree::{Content, Place};
use crate::elf::{self, Elf};

/// A package that unpacks to more than this, or has more entries, is none of ours.
const MOST_BYTES: u64 = 8 << 30;
const MOST_ENTRIES: usize = 1_000_000;

/// The word for its notes in the cache; another form of them has another word.
const KIND: &str = "deb1";

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The control file.
    pub control: String,
    /// A line a file, as dpkg has them.
    pub md5sums: String,
    /// `preinst` and `postinst`, which something would have been done by.
    pub scripts: Vec<Script>,
    /// By path, without documentation, manuals and translations.
    pub items: BTreeMap<String, Item>,
}

/// A script that nobody runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    pub name: String,
    pub sha256: Digest,
}

/// What lies at a path of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub kind: ItemKind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum ItemKind {
    Directory,
    File {
        size: u64,
        sha256: Digest,
        /// What it needs, if it is an ELF file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        elf: Option<Elf>,
    },
    Symlink(String),
}

impl Package {
    /// A field of the control file.
    pub fn field(&self, name: &str) -> Option<&str> {
        paragraphs(&self.control).next()?.get(name)
    }

    /// The package in the file with that digest, if the cache has all of it.
    pub fn cached(cache: &Cache, digest: &Digest) -> Option<Self> {
        let package: Self = cache.index(KIND, digest)?;
        let here = |item: &Item| match &item.kind {
            ItemKind::File { size, sha256, .. } => cache.content(sha256, *size).is_some(),
            ItemKind::Directory | ItemKind::Symlink(_) => true,
        };
        package.items.values().all(here).then_some(package)
    }

    /// Unpacks the file at `path`, which has that digest, into the cache.
    ///
    /// # Errors
    /// When it is no package, an entry of it leads elsewhere, or the cache can't be written.
    pub fn unpack(
        cache: &Cache,
        path: &Path,
        digest: &Digest,
        name: &str,
    ) -> Result<Self, BuildError> {
        let file = File::open(path).map_err(BuildError::io("read", path))?;
        let source = BufReader::with_capacity(1 << 20, file);
        let broken = |why: String| BuildError::Package { package: name.to_owned(), why };
        let mut items = BTreeMap::new();
        let mut left = MOST_BYTES;
        let control = deb::read(source, |entry, content| {
            if items.len() >= MOST_ENTRIES {
                return Err(io::Error::other("it has more entries than a package can have"));
            }
            if is_useful(entry) {
                let kind = take_in(cache, entry, content, &items, &mut left)?;
                items.insert(entry.path.clone(), item(entry, kind));
            }
            Ok(())
        });
        let control = control.map_err(|error| broken(error.to_string()))?;
        let mut scripts = Vec::new();
        for script in control.scripts {
            if ["preinst", "postinst"].contains(&script.name.as_str()) {
                let sha256 = cache.keep_script(&script.text)?;
                scripts.push(Script { name: script.name, sha256 });
            }
        }
        let (control, md5sums) = (control.text, control.md5sums);
        let package = Self { control, md5sums, scripts, items };
        if package.field("Package") != Some(name) {
            return Err(broken("its control file names another package".to_owned()));
        }
        cache.note(KIND, digest, &package)?;
        Ok(package)
    }
}

fn item(entry: &Entry, kind: ItemKind) -> Item {
    let Entry { mode, uid, gid, mtime, .. } = *entry;
    Item { kind, mode: mode & 0o7777, uid, gid, mtime }
}

fn take_in(
    cache: &Cache,
    entry: &Entry,
    content: &mut dyn Read,
    before: &BTreeMap<String, Item>,
    left: &mut u64,
) -> io::Result<ItemKind> {
    let refuse = |why: &str| Err(io::Error::other(format!("`{}` {why}", entry.path)));
    match &entry.kind {
        Kind::Directory => Ok(ItemKind::Directory),
        Kind::Symlink(target) => Ok(ItemKind::Symlink(target.clone())),
        Kind::File => {
            let content = cache.take_in(content, *left)?;
            *left -= content.size;
            let elf = elf_of(&content)?;
            Ok(ItemKind::File { size: content.size, sha256: content.digest, elf })
        }
        // The same bytes; whoever writes layers makes one of equal files.
        Kind::HardLink(target) => match before.get(target) {
            Some(Item { kind: kind @ ItemKind::File { .. }, .. }) => Ok(kind.clone()),
            _ => refuse("is a link to what is no file"),
        },
        Kind::Special => refuse("is a device or a pipe"),
    }
}

/// What the file needs, if it is ELF.
pub(in crate::build) fn elf_of(content: &Content) -> io::Result<Option<Elf>> {
    let Place::File(path) = &content.place else { return Ok(None) };
    if content.size < 64 {
        return Ok(None);
    }
    match elf::read_from(&mut File::open(path)?) {
        // One that is cut off needs nothing that could be known.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        other => other,
    }
}
