//! One entry of one layer, and what became of it in the image.

use super::owner::OwnerId;
use super::paths::PathId;
use super::sizes::Sizes;

/// The place of an entry in [`super::Measurement::entries`], which has the order in which layers
/// and tars have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u32);

/// One entry of a layer's tar.
#[derive(Clone, Debug)]
pub struct Entry {
    pub path: PathId,
    /// Place of the layer that ships it, lowest 0.
    pub layer: u32,
    pub kind: Kind,
    /// The twelve permission bits.
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Unpacked: the content it ships, 0 for everything but a file. Packed: its share of the
    /// layer's blob, of which the shares of all entries are exactly the whole.
    pub sizes: Sizes,
    /// SHA-256 of the content of a file.
    pub digest: Option<[u8; 32]>,
    pub fate: Fate,
    pub owner: OwnerId,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    /// Another name of the content that this entry shipped.
    HardLink(EntryId),
    /// With the target as it is written.
    Symlink(Box<[u8]>),
    Directory,
    /// A device, a pipe, or a hard link to nothing.
    Other,
    /// Hides the path it stands for, which is the entry's path, in the layers below.
    Whiteout,
    /// Hides all below its path, a directory, in the layers below.
    Opaque,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A container sees it.
    Live {
        /// Where: its own path, or that of a hard link which outlived it.
        at: PathId,
    },
    /// Pulled and stored for nothing.
    Dead {
        /// Place of the layer that hides it, which may be its own.
        by: u32,
        how: How,
        /// A file of the same content replaced it: mode, owner or time was all that changed.
        metadata_only: bool,
    },
}

/// How an entry died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Another entry came to its path, or one that is no directory to a path above.
    Overwritten,
    /// Its path was removed.
    Whiteout,
    /// A directory above it was removed.
    WhiteoutDirectory,
    /// A directory above it was made anew.
    Opaque,
    /// It only hides others, and is itself never seen.
    Marker,
}

impl Entry {
    /// The path under which a container sees it.
    pub fn live_at(&self) -> Option<PathId> {
        match self.fate {
            Fate::Live { at } => Some(at),
            Fate::Dead { .. } => None,
        }
    }

    pub fn is_live(&self) -> bool {
        self.live_at().is_some()
    }

    /// Whether it is a file by itself, with content of its own.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File)
    }

    /// Whether it runs with the rights of its owner or group, whoever starts it.
    pub fn is_setuid(&self) -> bool {
        self.is_file() && self.mode & 0o6000 != 0 && self.mode & 0o111 != 0
    }
}
