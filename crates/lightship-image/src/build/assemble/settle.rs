//! What holds for the whole tree: one path has one node, all directories are there, and their
//! times depend on nobody but what is in them.

use std::collections::BTreeMap;

use super::nodes::directory;
use crate::build::BuildError;
use crate::build::packages::{Item, ItemKind, Packages};
use crate::build::tree::{Kind, Node, Owner, Tree};

/// Nothing lies below what is no directory.
pub(super) fn check(tree: &Tree) -> Result<(), BuildError> {
    for (path, node) in &tree.0 {
        for (at, _) in path.match_indices('/') {
            let Some(above) = tree.0.get(&path[..at]) else { continue };
            if above.kind != Kind::Directory {
                let why = format!(
                    "{} has it, and `/{}` is no directory",
                    shown(&node.owner),
                    &path[..at]
                );
                return Err(BuildError::Path { path: path.clone(), why });
            }
        }
    }
    Ok(())
}

/// Makes the directories that something lies in, as its package has them.
pub(super) fn parents(tree: &mut Tree, packages: &Packages) {
    let mut missing: BTreeMap<String, Node> = BTreeMap::new();
    for (path, node) in &tree.0 {
        for (at, _) in path.match_indices('/') {
            let above = &path[..at];
            if tree.0.contains_key(above) || missing.contains_key(above) {
                continue;
            }
            let known = match &node.owner {
                Owner::Package(name) => packages.get(name),
                _ => None,
            };
            let item = known.and_then(|package| package.items.get(above));
            let plain = directory(0o755, node.owner.clone(), node.stratum);
            let made = match item {
                Some(Item { kind: ItemKind::Directory, mode, uid, gid, .. }) => {
                    Node { mode: *mode, uid: *uid, gid: *gid, ..plain }
                }
                _ => plain,
            };
            missing.insert(above.to_owned(), made);
        }
    }
    tree.0.extend(missing);
}

/// A directory is as old as the newest thing in it: the same whoever else is in the image.
pub(super) fn times(tree: &mut Tree) {
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    for (path, node) in &tree.0 {
        if node.kind != Kind::Directory {
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            let time = newest.entry(above.to_owned()).or_default();
            *time = (*time).max(node.mtime);
        }
    }
    for (path, node) in &mut tree.0 {
        if node.kind == Kind::Directory {
            node.mtime = newest.get(path).copied().unwrap_or(0);
        }
    }
}

pub(super) fn shown(owner: &Owner) -> String {
    match owner {
        Owner::Base => "lightship itself".to_owned(),
        Owner::Package(name) => format!("the package `{name}`"),
        Owner::Tool(name) => format!("the tool `{name}`"),
        Owner::Npm(name) => format!("the npm package `{name}`"),
        Owner::Files => "the manifest".to_owned(),
        Owner::Warm => "the service's caches".to_owned(),
    }
}
