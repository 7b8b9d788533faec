//! What could be asked about: every package, tool and npm package, with what would be saved.

use std::collections::HashMap;

use serde::Serialize;

use super::packages::{Packages, can_be_named};
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

/// How `--remove` takes it.
fn spelling(owner: &Owner) -> String {
    let name = printable(owner.name().as_bytes());
    match owner.kind() {
        OwnerKind::Npm => format!("npm:{name}"),
        OwnerKind::Binary => format!("/{name}"),
        _ => name,
    }
}
