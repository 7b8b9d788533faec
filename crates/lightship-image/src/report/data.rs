//! What the page is told, in lists rather than objects: there are thousands of files.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::fold;
use crate::measure::{Measurement, OwnerKind, Sizes, printable};
use crate::tally::{self, OwnerKey};
use crate::what_if::{self, Packages};

/// Unpacked and packed bytes.
type Pair = [u64; 2];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data {
    image: About,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<About>,
    /// Without a slash in front; the first is the root.
    directories: Vec<String>,
    owners: Vec<Owner>,
    leaves: Vec<Leaf>,
    /// Owners that stay in any case, or that others are needed by.
    roots: Vec<usize>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct About {
    name: String,
    platform: Option<String>,
    packed: bool,
    shipped: Pair,
    live: Pair,
    dead: Pair,
    duplicates: Pair,
    files: usize,
    layers: Vec<Layer>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    digest: Option<String>,
    made: Option<String>,
    shipped: Pair,
    dead: Pair,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    kind: OwnerKind,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    /// What it would save as sliced; nothing where it can't be asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    sliced: Option<Pair>,
    /// Groups of owners, one of each of which it needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<Vec<usize>>,
    /// Owners that lie inside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<usize>,
}

/// Directory, name (empty for a heap of small files), owner, layer (-1 where only the other image
/// has it), unpacked, packed, both before, and how many files it is.
#[derive(Debug, Serialize)]
struct Leaf(usize, String, usize, i64, u64, u64, u64, u64, u32);

fn pair(sizes: Sizes) -> Pair {
    [sizes.unpacked, sizes.packed]
}

pub(super) fn data(image: &Measurement, against: Option<&Measurement>) -> Data {
    let leaves = fold::fold(image, against);
    let mut keys: BTreeMap<OwnerKey, String> = BTreeMap::new();
    for measured in [against, Some(image)].into_iter().flatten() {
        for (key, owned) in tally::owners(measured) {
            keys.insert(key, owned.versions.join(", "));
        }
    }
    for place in leaves.keys() {
        keys.entry(place.owner.clone()).or_default();
    }
    let place: HashMap<OwnerKey, usize> =
        keys.keys().enumerate().map(|(at, key)| (key.clone(), at)).collect();
    let mut owners: Vec<Owner> = keys
        .into_iter()
        .map(|(key, version)| Owner {
            kind: key.kind,
            name: key.name,
            version,
            sliced: None,
            needs: Vec::new(),
            holds: Vec::new(),
        })
        .collect();
    let roots = relate(image, &place, &mut owners);
    let mut directories: Vec<String> = vec![String::new()];
    let mut known: HashMap<String, usize> = HashMap::from([(String::new(), 0)]);
    let mut rows = Vec::with_capacity(leaves.len());
    for (at, leaf) in leaves {
        let directory = *known.entry(at.directory.clone()).or_insert_with(|| {
            directories.push(at.directory.clone());
            directories.len() - 1
        });
        let owner = place.get(&at.owner).copied().unwrap_or(0);
        let layer = at.layer.map_or(-1, i64::from);
        let ([now, packed], [before, packed_before]) = (pair(leaf.now), pair(leaf.before));
        rows.push(Leaf(
            directory,
            at.name,
            owner,
            layer,
            now,
            packed,
            before,
            packed_before,
            leaf.count,
        ));
    }
    Data {
        image: about(image),
        against: against.map(about),
        directories,
        owners,
        leaves: rows,
        roots,
        warnings: image.warnings.iter().map(|it| printable(it.as_bytes())).collect(),
    }
}

/// Tells each owner of the image what it needs and holds; gives those that stay in any case.
fn relate(
    image: &Measurement,
    place: &HashMap<OwnerKey, usize>,
    owners: &mut [Owner],
) -> Vec<usize> {
    let keys = tally::owner_keys(image);
    let of = |owner: crate::measure::OwnerId| place.get(keys.get(owner.0 as usize)?).copied();
    let packages = Packages::new(image);
    let at = |package: usize| packages.owner(package).and_then(of);
    for (package, groups) in packages.groups.iter().enumerate() {
        let Some(owner) = at(package).and_then(|owner| owners.get_mut(owner)) else { continue };
        let group = |group: &Vec<usize>| group.iter().copied().filter_map(at).collect();
        owner.needs = groups.iter().map(group).collect();
    }
    for (owner, sizes) in what_if::sliced(image) {
        // Several npm packages of one name are one owner here.
        if let Some(owner) = of(owner).and_then(|at| owners.get_mut(at)) {
            let [unpacked, packed] = owner.sliced.unwrap_or_default();
            owner.sliced = Some([unpacked + sizes.unpacked, packed + sizes.packed]);
        }
    }
    for (outer, inner) in what_if::nested(image) {
        if let (Some(outer), Some(inner)) = (of(outer), of(inner))
            && outer != inner
            && let Some(owner) = owners.get_mut(outer)
            && !owner.holds.contains(&inner)
        {
            owner.holds.push(inner);
        }
    }
    packages.roots().into_iter().filter_map(at).collect()
}

fn about(image: &Measurement) -> About {
    let dead = |number: usize| -> Sizes {
        let here = image.entries.iter().filter(|it| it.layer as usize == number && !it.is_live());
        here.map(|entry| entry.sizes).sum()
    };
    let layer = |(number, layer): (usize, &crate::measure::Layer)| Layer {
        digest: layer.digest.as_ref().map(ToString::to_string),
        made: layer.created_by.as_ref().map(|made| printable(made.as_bytes())),
        shipped: pair(layer.shipped),
        dead: pair(dead(number) + Sizes::new(0, layer.overhead)),
    };
    About {
        name: printable(image.name.as_bytes()),
        platform: image.platform.as_ref().map(|it| format!("{}/{}", it.os, it.architecture)),
        packed: image.is_packed(),
        shipped: pair(image.shipped_total()),
        live: pair(image.live_total()),
        dead: pair(image.dead_total()),
        duplicates: pair(tally::duplicate_total(image)),
        files: image.live().filter(|(_, entry, _)| entry.is_file()).count(),
        layers: image.layers.iter().enumerate().map(layer).collect(),
    }
}
