//! From a tree to the entries of its layers: one layer a stratum, each complete in itself.
//!
//! A layer names every directory above what it holds, with mode and owner of the tree: some
//! runtimes unpack a layer by itself and would make the missing ones up. A directory's time is
//! that of the newest thing below it *in that layer*, so that a layer's bytes depend on nothing
//! but its own content.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use lightship_model::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::tree::{Content, Kind, Node, Owner, Stratum, Tree};

/// The entries of a layer, in the order of its tar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    pub stratum: Stratum,
    pub entries: Vec<Entry>,
    /// Who brought something into it.
    pub owners: BTreeSet<Owner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Without a slash in front or behind.
    pub path: String,
    pub body: Body,
    /// The twelve permission bits.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds since 1970, no later than the image.
    pub mtime: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Directory,
    File(Content),
    /// With its target as it is written.
    Symlink(String),
    /// To the path of an earlier entry with the same bytes, mode and owner.
    HardLink(String),
}

/// Why a tree is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("`{path}` can't be a path in an image: {reason}")]
    Path { path: String, reason: &'static str },
    #[error("`{path}` lies below `{parent}`, which is no directory")]
    Parent { path: String, parent: String },
}

/// The layers of `tree`, lowest first; none for an empty stratum. No time in them is later than
/// `epoch`, in seconds since 1970.
pub fn layers(tree: &Tree, epoch: u64) -> Result<Vec<Layer>, TreeError> {
    let mut strata: BTreeMap<Stratum, BTreeMap<&str, Entry>> = BTreeMap::new();
    for (path, node) in &tree.0 {
        check(path)?;
        let layer = strata.entry(node.stratum).or_default();
        for parent in parents(path) {
            let node = match tree.0.get(parent) {
                None => None,
                Some(node) if node.kind == Kind::Directory => Some(node),
                Some(_) => {
                    return Err(TreeError::Parent { path: path.clone(), parent: parent.into() });
                }
            };
            layer.entry(parent).or_insert_with(|| directory(parent, node));
        }
        match layer.entry(path) {
            // A directory that was needed before its turn: never in this order, but harmless.
            Slot::Occupied(_) => {}
            Slot::Vacant(slot) => {
                slot.insert(entry(path, node, epoch));
            }
        }
    }
    let mut owners: BTreeMap<Stratum, BTreeSet<Owner>> = BTreeMap::new();
    for node in tree.0.values() {
        owners.entry(node.stratum).or_default().insert(node.owner.clone());
    }
    let layer = |(stratum, entries)| {
        let owners = owners.remove(&stratum).unwrap_or_default();
        Layer { stratum, entries: finish(entries, epoch), owners }
    };
    Ok(strata.into_iter().map(layer).collect())
}

/// The directories above `path`, uppermost first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn check(path: &str) -> Result<(), TreeError> {
    let bad = |reason| Err(TreeError::Path { path: path.to_owned(), reason });
    for part in path.split('/') {
        match part {
            "" => return bad("a part of it is empty"),
            "." | ".." => return bad("it does not name its place"),
            part if part.starts_with(".wh.") => return bad("a layer would delete with that name"),
            _ => {}
        }
    }
    if path.contains('\0') { bad("it holds a zero byte") } else { Ok(()) }
}

fn entry(path: &str, node: &Node, epoch: u64) -> Entry {
    let body = match &node.kind {
        Kind::Directory => Body::Directory,
        Kind::File(content) => Body::File(content.clone()),
        Kind::Symlink(target) => Body::Symlink(target.clone()),
    };
    let (mode, uid, gid) = (node.mode & 0o7777, node.uid, node.gid);
    Entry { path: path.to_owned(), body, mode, uid, gid, mtime: node.mtime.min(epoch) }
}

/// A directory above something, with a time that is set when all below it is known.
fn directory(path: &str, node: Option<&Node>) -> Entry {
    let (mode, uid, gid) =
        node.map_or((0o755, 0, 0), |node| (node.mode & 0o7777, node.uid, node.gid));
    Entry { path: path.to_owned(), body: Body::Directory, mode, uid, gid, mtime: 0 }
}

fn finish(entries: BTreeMap<&str, Entry>, epoch: u64) -> Vec<Entry> {
    let mut entries: Vec<Entry> = entries.into_values().collect();
    date_directories(&mut entries, epoch);
    link_duplicates(&mut entries);
    entries
}

/// Gives each directory the time of the newest thing below it; an empty one keeps its own.
fn date_directories(entries: &mut [Entry], epoch: u64) {
    let mut newest: HashMap<String, u64> = HashMap::new();
    for entry in entries.iter_mut().rev() {
        // What lies below a directory comes behind it, so here everything below is known.
        if let Some(time) = newest.get(&entry.path) {
            entry.mtime = (*time).min(epoch);
        }
        if let Some((parent, _)) = entry.path.rsplit_once('/') {
            let time = newest.entry(parent.to_owned()).or_default();
            *time = entry.mtime.max(*time);
        }
    }
}

/// Makes links of files that are the same in bytes, mode and owner as an earlier one.
fn link_duplicates(entries: &mut [Entry]) {
    let mut first: HashMap<(Digest, u32, u32, u32), (String, u64)> = HashMap::new();
    for entry in entries {
        let Body::File(content) = &entry.body else { continue };
        if content.size == 0 {
            continue;
        }
        let key = (content.digest.clone(), entry.mode, entry.uid, entry.gid);
        match first.get(&key) {
            None => {
                first.insert(key, (entry.path.clone(), entry.mtime));
            }
            Some((path, mtime)) => {
                // One inode has one time.
                entry.mtime = *mtime;
                entry.body = Body::HardLink(path.clone());
            }
        }
    }
}

impl Layer {
    /// The digest of everything that the bytes of the tar follow from, without reading a file.
    pub fn key(&self) -> Digest {
        let mut hasher = Sha256::new();
        let mut put = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        for entry in &self.entries {
            let (kind, target) = match &entry.body {
                Body::Directory => ('d', String::new()),
                Body::File(content) => ('f', format!("{} {}", content.size, content.digest)),
                Body::Symlink(target) => ('l', target.clone()),
                Body::HardLink(path) => ('h', path.clone()),
            };
            let Entry { mode, uid, gid, mtime, .. } = entry;
            put(&entry.path);
            put(&format!("{kind} {mode:o} {uid} {gid} {mtime}"));
            put(&target);
        }
        Digest::from_hasher(hasher)
    }

    /// Bytes of its files, each counted once.
    pub fn size(&self) -> u64 {
        let size = |entry: &Entry| match &entry.body {
            Body::File(content) => content.size,
            _ => 0,
        };
        self.entries.iter().map(size).sum()
    }
}

#[cfg(test)]
mod tests;
