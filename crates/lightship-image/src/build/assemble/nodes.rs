//! Nodes of the builder's own making.

use std::sync::Arc;

use lightship_model::digest::Digest;

use crate::build::tree::{Content, Kind, Node, Owner, Place, Stratum};

pub(super) fn directory(mode: u32, owner: Owner, stratum: Stratum) -> Node {
    Node { kind: Kind::Directory, mode, uid: 0, gid: 0, mtime: 0, owner, stratum }
}

pub(super) fn link(target: String, owner: Owner, stratum: Stratum) -> Node {
    Node { kind: Kind::Symlink(target), ..directory(0o777, owner, stratum) }
}

pub(super) fn text_node(bytes: &[u8], owner: Owner) -> Node {
    Node { kind: Kind::File(in_memory(bytes)), ..directory(0o644, owner, Stratum::System) }
}

pub(super) fn in_memory(bytes: &[u8]) -> Content {
    let place = Place::Memory(Arc::from(bytes));
    Content { size: bytes.len() as u64, digest: Digest::of(bytes), place }
}
