//! Making an image small enough for a page: the largest files and directories stay what they
//! are, and all others are one heap in each directory.

use std::collections::{BTreeMap, HashMap};

use crate::measure::{Measurement, PathId, Sizes};
use crate::tally::{self, OwnerKey};

/// Files that are shown by themselves.
const MOST_FILES: usize = 3000;
/// Directories that are shown by themselves.
const MOST_DIRECTORIES: usize = 1500;

/// A file, or a heap of small ones: what it weighs now, and in the other image.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaf {
    pub(super) now: Sizes,
    pub(super) before: Sizes,
    /// How many files it stands for; directories and links are none.
    pub(super) count: u32,
}

/// Where a leaf is: its directory, its name (empty for a heap), its owner, its layer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) directory: String,
    pub(super) name: String,
    pub(super) owner: OwnerKey,
    /// The layer of the image itself; nothing for what only the other one has.
    pub(super) layer: Option<u32>,
}

/// The leaves of the image, by place.
pub(super) fn fold(image: &Measurement, against: Option<&Measurement>) -> BTreeMap<Place, Leaf> {
    let mut files: HashMap<String, (OwnerKey, Option<u32>, Leaf)> = HashMap::new();
    for (measured, is_now) in [(Some(image), true), (against, false)] {
        for (path, owner, layer, sizes, count) in measured.into_iter().flat_map(live) {
            let found = files.entry(path).or_insert_with(|| (owner.clone(), None, Leaf::default()));
            if is_now {
                found.1 = Some(layer);
                found.2.now += sizes;
            } else {
                found.2.before += sizes;
            }
            found.2.count = found.2.count.max(count);
        }
    }
    let least_file = threshold(files.values().map(|(.., leaf)| weight(leaf)).collect(), MOST_FILES);
    let mut directories: HashMap<&str, u64> = HashMap::new();
    for (path, (.., leaf)) in &files {
        let mut at = path.as_str();
        while let Some((above, _)) = at.rsplit_once('/') {
            *directories.entry(above).or_default() += weight(leaf);
            at = above;
        }
    }
    let least = threshold(directories.values().copied().collect(), MOST_DIRECTORIES);
    let mut leaves: BTreeMap<Place, Leaf> = BTreeMap::new();
    for (path, (owner, layer, leaf)) in &files {
        let (mut directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stands_alone = weight(leaf) >= least_file;
        // A directory that is not shown is part of the one above it.
        while !directory.is_empty()
            && directories.get(directory).is_none_or(|weight| *weight < least)
        {
            directory = directory.rsplit_once('/').map_or("", |(above, _)| above);
        }
        let name = if stands_alone {
            path.strip_prefix(directory).unwrap_or(name).trim_start_matches('/').to_owned()
        } else {
            String::new()
        };
        let place =
            Place { directory: directory.to_owned(), name, owner: owner.clone(), layer: *layer };
        let into = leaves.entry(place).or_default();
        into.now += leaf.now;
        into.before += leaf.before;
        into.count += leaf.count;
    }
    leaves
}

fn weight(leaf: &Leaf) -> u64 {
    leaf.now.unpacked.max(leaf.before.unpacked)
}

/// The least weight of the heaviest `most`; what weighs nothing never stands alone.
fn threshold(mut weights: Vec<u64>, most: usize) -> u64 {
    weights.sort_unstable_by_key(|weight| std::cmp::Reverse(*weight));
    // What weighs as much as the first that is left out is left out with it.
    weights.get(most).map_or(1, |weight| weight + 1)
}

/// Path, owner, layer and sizes of all that is live, and how many files it is.
fn live(image: &Measurement) -> Vec<(String, OwnerKey, u32, Sizes, u32)> {
    let keys: Vec<OwnerKey> = tally::owner_keys(image);
    let path =
        |path: PathId| if path == PathId::ROOT { String::new() } else { image.paths.text(path) };
    image
        .live()
        .map(|(_, entry, at)| {
            let owner = keys.get(entry.owner.0 as usize).or(keys.first());
            let owner = owner.cloned().unwrap_or_else(OwnerKey::nobody);
            (path(at), owner, entry.layer, entry.sizes, u32::from(entry.is_file()))
        })
        .collect()
}
