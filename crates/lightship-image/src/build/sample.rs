//! Small trees for tests.

use lightship_model::digest::Digest;

use super::tree::{Content, Kind, Node, Owner, Place, Stratum, Tree};

pub(crate) fn tree<const N: usize>(nodes: [(&str, Node); N]) -> Tree {
    Tree(nodes.into_iter().map(|(path, node)| (path.to_owned(), node)).collect())
}

pub(crate) fn file(text: &str, stratum: Stratum) -> Node {
    node(Kind::File(content(text.as_bytes())), stratum).mode(0o644)
}

pub(crate) fn content(bytes: &[u8]) -> Content {
    let place = Place::Memory(bytes.into());
    Content { size: bytes.len() as u64, digest: Digest::of(bytes), place }
}

pub(crate) fn directory(stratum: Stratum) -> Node {
    node(Kind::Directory, stratum).mode(0o755)
}

pub(crate) fn link(target: &str, stratum: Stratum) -> Node {
    node(Kind::Symlink(target.to_owned()), stratum).mode(0o777)
}

fn node(kind: Kind, stratum: Stratum) -> Node {
    Node { kind, mode: 0, uid: 0, gid: 0, mtime: 1_600_000_000, owner: Owner::Base, stratum }
}

impl Node {
    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    pub(crate) fn at(self, mtime: u64) -> Self {
        Self { mtime, ..self }
    }

    pub(crate) fn of(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }
}
