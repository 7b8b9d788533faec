//! Where every byte of an image went. One pass over the layers, in memory that grows with the
//! number of entries and never with the size of contents.
//!
//! The words, each of which sums to the byte:
//!
//! * **shipped**: all contents of all entries of all layers. `shipped = live + dead`.
//! * **live**: what a container sees: the last writer of each path, after whiteouts. A file with
//!   several names (hard links) is there once, and lives as long as one of its names does.
//! * **dead**: shipped, and hidden by a later entry. It is told who shipped it, which layer hides
//!   it and [`How`]. A file replaced by one with the same content is **metadata-only**.
//! * **duplicates**: live files with the same SHA-256 that are no hard links of each other; all
//!   but one of them could go.
//! * **reclaimable**: dead and duplicates.
//! * **unowned**: live, and claimed by no Debian package, tool, npm package or large binary.
//!
//! Each measure stands twice ([`Sizes`]): unpacked and packed. An entry's packed bytes are those
//! that the decompressor took in between the entry's header and the next one's, so that the
//! entries of a layer sum to its blob. Compressors work in blocks: within a block (32 to 128 KiB
//! of content) they are an estimate by length.

mod claims;
mod debian;
mod entry;
mod keep;
mod merge;
mod npm;
mod owner;
mod package;
mod pass;
mod paths;
mod program;
mod sizes;
pub mod tables;
mod view;

use std::collections::BTreeMap;

use lightship_model::digest::Digest;

pub use self::entry::{Entry, EntryId, Fate, How, Kind};
pub use self::owner::{Owner, OwnerId, OwnerKind};
pub use self::package::Package;
pub use self::pass::measure;
pub use self::paths::{PathId, Paths, printable};
pub use self::program::{Program, ProgramKind};
pub use self::sizes::Sizes;
pub use self::view::View;
use crate::oci::{BlobDigest, Config, Platform};
use crate::source::{Compression, Format};

/// An image, measured.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// As it was asked for.
    pub name: String,
    pub format: Format,
    /// Nothing where the input does not say: a directory.
    pub platform: Option<Platform>,
    /// Digest of the manifest, where there is one.
    pub manifest: Option<BlobDigest>,
    pub config: Option<Config>,
    /// Lowest first.
    pub layers: Vec<Layer>,
    pub paths: Paths,
    /// Everything that was shipped, in the order of layers and tars.
    pub entries: Vec<Entry>,
    /// The first is [`Owner::Nobody`].
    pub owners: Vec<Owner>,
    /// By name. Each has an [`Owner::Debian`].
    pub packages: Vec<Package>,
    /// Of live files.
    pub programs: BTreeMap<EntryId, Program>,
    /// What is odd about the image, a sentence each.
    pub warnings: Vec<String>,
}

/// One layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Of the blob, where the input has it.
    pub digest: Option<BlobDigest>,
    /// Of the plain tar.
    pub diff_id: Option<Digest>,
    pub compression: Compression,
    /// Unpacked: the contents it ships. Packed: the blob.
    pub shipped: Sizes,
    /// Length of the plain tar.
    pub tar: u64,
    pub entries: u32,
    /// The blob of a layer without entries: bytes that no entry can be charged with.
    pub overhead: u64,
    /// What made it, as the image's history has it.
    pub created_by: Option<String>,
}

impl Measurement {
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)
    }

    pub fn owner(&self, id: OwnerId) -> &Owner {
        self.owners.get(id.0 as usize).unwrap_or(&Owner::Nobody)
    }

    /// Entries with their ids.
    pub fn all(&self) -> impl Iterator<Item = (EntryId, &Entry)> {
        (0..).map(EntryId).zip(&self.entries)
    }

    /// What a container sees: entries with the path at which it does.
    pub fn live(&self) -> impl Iterator<Item = (EntryId, &Entry, PathId)> {
        self.all().filter_map(|(id, entry)| Some((id, entry, entry.live_at()?)))
    }

    /// All contents, and all blobs.
    pub fn shipped_total(&self) -> Sizes {
        self.layers.iter().map(|layer| layer.shipped).sum()
    }

    /// What a container sees, and what its entries cost in the blobs.
    pub fn live_total(&self) -> Sizes {
        self.entries.iter().filter(|entry| entry.is_live()).map(|entry| entry.sizes).sum()
    }

    /// Shipped for nothing. Packed, blobs of layers without entries are in it.
    pub fn dead_total(&self) -> Sizes {
        let dead = self.entries.iter().filter(|entry| !entry.is_live()).map(|entry| entry.sizes);
        let overhead = self.layers.iter().map(|layer| Sizes::new(0, layer.overhead));
        dead.chain(overhead).sum()
    }

    /// Whether the input has blobs, so that packed sizes mean something.
    pub fn is_packed(&self) -> bool {
        self.format != Format::Directory
    }
}
