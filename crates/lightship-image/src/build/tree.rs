//! The root file system of an image before it is written: paths with what lies there, and where
//! the bytes are. Nothing of it is on disk as such, so that no owner, mode or time of the
//! building machine can come into it, and no root is needed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lightship_model::digest::Digest;

/// Paths without a slash in front, usr-merged, in order.
#[derive(Clone, Debug, Default)]
pub struct Tree(pub BTreeMap<String, Node>);

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub kind: Kind,
    /// The twelve permission bits.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: u64,
    pub owner: Owner,
    pub stratum: Stratum,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File(Content),
    /// With its target as it is written.
    Symlink(String),
}

/// The bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// In bytes.
    pub size: u64,
    pub digest: Digest,
    pub place: Place,
}

/// Where bytes can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Memory(Arc<[u8]>),
    /// A whole file of the building machine, most often in the cache.
    File(PathBuf),
}

/// Who brought a path into the image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// lightship itself: links of the merged `usr`, accounts, metadata.
    Base,
    /// A Debian package, by its name.
    Package(String),
    /// A baked tool, by its name.
    Tool(String),
    /// An npm package, by its name.
    Npm(String),
    /// `[[image.files]]` of the manifest.
    Files,
    /// Caches that the service has filled at build time.
    Warm,
}

/// How often a path changes from one build to the next: each is a layer, lowest first. Few
/// layers, of which the large ones stay the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stratum {
    /// The C library, shells, certificates and sliced packages.
    System,
    /// One large thing by its digest: a CLI, Node.
    Payload,
    /// npm's trees.
    Npm,
    /// Baked tools of every other source.
    Tools,
    /// Files, the manifest, accounts, lightship itself, caches that were filled.
    Config,
}
