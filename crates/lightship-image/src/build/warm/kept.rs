//! What is kept of a start: the files of some directories, in the cache by digest. Whose they
//! are stays; when they were written does not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use lightship_model::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::build::BuildError;
use crate::build::cache::Cache;
use crate::build::tree::{Kind, Node, Owner, Stratum, Tree};

/// A larger file is no cache's, in bytes.
const MOST: u64 = 1 << 30;

/// Paths of the image, without a slash in front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept(BTreeMap<String, Entry>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    mode: u32,
    uid: u32,
    gid: u32,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Directory,
    Link(String),
    File { size: u64, sha256: Digest },
}

impl Kept {
    /// What lies in the directories `keep` of `root` and was not in `tree`.
    pub(super) fn of(
        root: &Path,
        keep: &BTreeSet<String>,
        tree: &Tree,
        cache: &Cache,
    ) -> Result<Self, BuildError> {
        let mut kept = Self(BTreeMap::new());
        for folder in keep {
            let path = folder.trim_start_matches('/');
            kept.above(root, path)
                .map_err(|why| BuildError::Path { path: path.to_owned(), why })?;
            kept.walk(root, path, cache).map_err(BuildError::io("keep", root.join(path)))?;
            tree_has(tree, &mut kept.0);
            let below = format!("{path}/");
            if !kept.0.keys().any(|kept| kept.starts_with(&below)) {
                let why = "nothing was written below it, so there is nothing to keep: does the \
                           command use this directory?";
                return Err(BuildError::Path { path: path.to_owned(), why: why.to_owned() });
            }
        }
        Ok(kept)
    }

    /// Whether every file is in the cache as it was.
    pub(super) fn is_here(&self, cache: &Cache) -> bool {
        self.0.values().all(|entry| match &entry.what {
            What::File { size, sha256 } => cache.content(sha256, *size).is_some(),
            What::Directory | What::Link(_) => true,
        })
    }

    /// How many files, and their bytes.
    pub(super) fn count(&self) -> (usize, u64) {
        self.0.values().fold((0, 0), |(files, bytes), entry| match &entry.what {
            What::File { size, .. } => (files + 1, bytes + size),
            What::Directory | What::Link(_) => (files, bytes),
        })
    }

    /// Puts it all into `tree`, no newer than what is there.
    pub fn add(&self, tree: &mut Tree, cache: &Cache) {
        let mtime = tree.0.values().map(|node| node.mtime).max().unwrap_or(0);
        for (path, entry) in &self.0 {
            let kind = match &entry.what {
                What::Directory => Kind::Directory,
                What::Link(target) => Kind::Symlink(target.clone()),
                What::File { size, sha256 } => match cache.content(sha256, *size) {
                    Some(content) => Kind::File(content),
                    // It was there a moment ago; without it the service fills it again.
                    None => continue,
                },
            };
            let Entry { mode, uid, gid, .. } = *entry;
            let node =
                Node { kind, mode, uid, gid, mtime, owner: Owner::Warm, stratum: Stratum::Config };
            tree.0.insert(path.clone(), node);
        }
    }

    /// Notes the directories above `path`. A link among them could lead out of the root.
    fn above(&mut self, root: &Path, path: &str) -> Result<(), String> {
        for (at, _) in path.match_indices('/').chain([(path.len(), "")]) {
            let there = fs::symlink_metadata(root.join(&path[..at]));
            match there {
                Ok(there) if there.is_dir() => {
                    self.0.insert(path[..at].to_owned(), entry(&there, What::Directory));
                }
                Ok(_) => return Err(format!("`/{}` is no directory", &path[..at])),
                Err(_) => return Err("nobody has made it, so there is nothing to keep".to_owned()),
            }
        }
        Ok(())
    }

    fn walk(&mut self, root: &Path, path: &str, cache: &Cache) -> io::Result<()> {
        for found in fs::read_dir(root.join(path))? {
            let found = found?;
            let name = found.file_name();
            let name = name.to_str().ok_or_else(|| io::Error::other("a name is no text"))?;
            let path = format!("{path}/{name}");
            let there = fs::symlink_metadata(found.path())?;
            let what = if there.is_symlink() {
                let target = fs::read_link(found.path())?;
                let target =
                    target.to_str().ok_or_else(|| io::Error::other("a link is no text"))?;
                What::Link(target.to_owned())
            } else if there.is_dir() {
                self.walk(root, &path, cache)?;
                What::Directory
            } else if there.is_file() {
                let content = cache.take_in(&mut File::open(found.path())?, MOST)?;
                What::File { size: content.size, sha256: content.digest }
            } else {
                // A socket or a pipe is nobody's content.
                continue;
            };
            self.0.insert(path, entry(&there, what));
        }
        Ok(())
    }
}

/// Takes out what is in the tree already: a directory stays what it was.
fn tree_has(tree: &Tree, kept: &mut BTreeMap<String, Entry>) {
    kept.retain(|path, entry| match (tree.0.get(path).map(|node| &node.kind), &entry.what) {
        (Some(Kind::Directory), What::Directory) => false,
        (Some(Kind::File(old)), What::File { sha256, .. }) => old.digest != *sha256,
        (Some(Kind::Symlink(old)), What::Link(new)) => old != new,
        _ => true,
    });
}

fn entry(there: &fs::Metadata, what: What) -> Entry {
    // Nothing that a cache holds has to be run as somebody else.
    let mode = if there.is_symlink() { 0o777 } else { there.mode() & 0o1777 };
    Entry { mode, uid: there.uid(), gid: there.gid(), what }
}
