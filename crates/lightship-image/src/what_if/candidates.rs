//! What could be asked about: every package, tool and npm package, with what would be saved.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::files::Files;
use super::packages::{Packages, can_be_named};
use crate::live::Live;
use crate::measure::{Measurement, Owner, OwnerId, OwnerKind, Sizes, printable};

/// One thing that might go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    pub kind: OwnerKind,
    /// As it is named to `--remove`.
    pub name: String,
    pub own: Sizes,
    /// With everything that only it needs, and without whoever depends on it.
    pub with_closure: Sizes,
    /// Packages that go with it because only it needs them.
    pub alone: u32,
    /// Packages that depend on it, directly or not, and would go first.
    pub dependants: u32,
}

/// All of them, by what goes with each, the most first.
pub fn candidates(image: &Measurement) -> Vec<Candidate> {
    let mut own: HashMap<OwnerId, Sizes> = HashMap::new();
    for (_, entry, _) in image.live() {
        *own.entry(entry.owner).or_default() += entry.sizes;
    }
    let packages = Packages::new(image);
    let weight = |owner: Option<OwnerId>| owner.and_then(|it| own.get(&it)).copied();
    let weights: Vec<Sizes> = (0..packages.graph.len())
        .map(|it| weight(packages.owner(it)).unwrap_or_default())
        .collect();
    let mut roots = packages.roots();
    // What nothing needs any more is there all the same.
    roots.extend(packages.graph.sources());
    let sums = packages.graph.dominated(&roots, &weights);
    let counts = packages.graph.dominated(&roots, &vec![1_u32; packages.graph.len()]);
    let users = packages.graph.reversed();
    let place: HashMap<OwnerId, usize> = (0..packages.graph.len())
        .filter_map(|package| Some((packages.owner(package)?, package)))
        .collect();
    let one = |(id, owner): (OwnerId, &Owner)| {
        let own = own.get(&id).copied().unwrap_or_default();
        let package = place.get(&id).copied();
        let dependants = package.map_or(0, |package| {
            users.reach([package], &[]).into_iter().filter(|reached| *reached).count() - 1
        });
        Candidate {
            kind: owner.kind(),
            name: spelling(owner),
            own,
            with_closure: package.map_or(own, |package| sums[package]),
            alone: package.map_or(0, |package| counts[package].saturating_sub(1)),
            dependants: u32::try_from(dependants).unwrap_or(u32::MAX),
        }
    };
    let owners = (0..).map(OwnerId).zip(&image.owners);
    let mut all: Vec<Candidate> =
        owners.filter(|(_, owner)| can_be_named(owner.kind())).map(one).collect();
    all.sort_by(|a, b| b.with_closure.cmp(&a.with_closure).then_with(|| a.name.cmp(&b.name)));
    all
}

/// What every owner would save as sliced, if it alone went: its files, and the libraries and
/// interpreters that only they need.
pub fn sliced(image: &Measurement) -> Vec<(OwnerId, Sizes)> {
    let live = Live::new(image);
    let files = Files::new(&live);
    let mut own: HashMap<OwnerId, (Sizes, BTreeSet<usize>)> = HashMap::new();
    for (id, entry, _) in image.live() {
        let found = own.entry(entry.owner).or_default();
        found.0 += entry.sizes;
        found.1.extend(files.node(id));
    }
    let more = |named: &BTreeSet<usize>| -> Sizes {
        if named.is_empty() {
            return Sizes::default();
        }
        let gone = files.without(named, &BTreeSet::new());
        let others = gone.iter().filter(|node| !named.contains(node));
        others.filter_map(|node| image.entry(files.ids[*node])).map(|entry| entry.sizes).sum()
    };
    let named = own.into_iter().filter(|(id, _)| can_be_named(image.owner(*id).kind()));
    named.map(|(id, (sizes, nodes))| (id, sizes + more(&nodes))).collect()
}

/// npm packages with those that lie inside them.
pub fn nested(image: &Measurement) -> Vec<(OwnerId, OwnerId)> {
    let mut places: HashMap<&str, OwnerId> = HashMap::new();
    for (id, owner) in (0..).map(OwnerId).zip(&image.owners) {
        if let Owner::Npm { at, .. } = owner {
            places.insert(at, id);
        }
    }
    let mut pairs = Vec::new();
    for (at, inner) in &places {
        let mut above = *at;
        while let Some((directory, _)) = above.rsplit_once('/') {
            pairs.extend(places.get(directory).map(|outer| (*outer, *inner)));
            above = directory;
        }
    }
    pairs.sort_unstable();
    pairs
}

/// How `--remove` takes it.
fn spelling(owner: &Owner) -> String {
    let name = printable(owner.name().as_bytes());
    match owner.kind() {
        OwnerKind::Npm => format!("npm:{name}"),
        OwnerKind::Binary => format!("/{name}"),
        _ => name,
    }
}
