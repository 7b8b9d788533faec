//! Sums over what a container sees: by owner, by directory, of duplicates. Every live entry is
//! counted once in each.

use std::collections::{BTreeMap, HashMap};

use crate::measure::{Measurement, OwnerId, OwnerKind, PathId, Sizes, printable};

/// An owner as a table has it. npm packages of one name are one, in whatever versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerKey {
    pub kind: OwnerKind,
    pub name: String,
}

/// What an owner weighs, and its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    pub sizes: Sizes,
    pub versions: Vec<String>,
}

impl OwnerKey {
    /// The owner of what nobody claims.
    pub fn nobody() -> Self {
        Self { kind: OwnerKind::Unowned, name: "unowned".to_owned() }
    }
}

/// The owners of an image by their ids, as tables have them.
pub fn owner_keys(image: &Measurement) -> Vec<OwnerKey> {
    let key = |owner: &crate::measure::Owner| OwnerKey {
        kind: owner.kind(),
        name: printable(owner.name().as_bytes()),
    };
    image.owners.iter().map(key).collect()
}

/// Live bytes by owner.
pub fn owners(image: &Measurement) -> BTreeMap<OwnerKey, Owned> {
    use crate::measure::Owner;
    let mut sums: HashMap<OwnerId, Sizes> = HashMap::new();
    for (_, entry, _) in image.live() {
        *sums.entry(entry.owner).or_default() += entry.sizes;
    }
    let packages: HashMap<&str, &str> =
        image.packages.iter().map(|it| (it.name.as_str(), it.version.as_str())).collect();
    let mut table: BTreeMap<OwnerKey, Owned> = BTreeMap::new();
    for (id, owner) in (0..).map(OwnerId).zip(&image.owners) {
        let version = match owner {
            Owner::Debian(name) => packages.get(name.as_str()).copied(),
            Owner::Tool { version, .. } | Owner::Npm { version, .. } => Some(version.as_str()),
            Owner::Nobody | Owner::Binary(_) => None,
        };
        let key = OwnerKey { kind: owner.kind(), name: printable(owner.name().as_bytes()) };
        let owned = table.entry(key).or_default();
        owned.sizes += sums.get(&id).copied().unwrap_or_default();
        let version = version.map(|version| printable(version.as_bytes()));
        owned.versions.extend(version.filter(|it| !owned.versions.contains(it)));
    }
    table.retain(|key, owned| key.kind != OwnerKind::Unowned || owned.sizes != Sizes::default());
    table
}

/// Live bytes at and below every path, by path.
pub fn paths(image: &Measurement) -> Vec<Sizes> {
    let mut sums = vec![Sizes::default(); image.paths.len()];
    for (_, entry, path) in image.live() {
        let mut at = Some(path);
        while let Some(path) = at {
            if let Some(sum) = sums.get_mut(path.0 as usize) {
                *sum += entry.sizes;
            }
            at = image.paths.parent(path);
        }
    }
    sums
}

/// How many directories a path is below the root.
pub fn depth(image: &Measurement, path: PathId) -> usize {
    std::iter::successors(image.paths.parent(path), |path| image.paths.parent(*path)).count()
}

/// What all duplicates together weigh.
pub fn duplicate_total(image: &Measurement) -> Sizes {
    image.duplicates().iter().map(|group| group.reclaimable).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    #[test]
    fn every_table_sums_to_what_is_live() {
        let mut sample = Sample::new();
        sample.file("a/b/one", 100);
        sample.package("git", "", None);
        let two = sample.file("a/two", 50);
        sample.layer();
        sample.copy("c/three", two);
        sample.file("a/b/one", 7);
        let image = sample.measurement();
        let live = image.live_total();
        assert_eq!(owners(&image).values().map(|it| it.sizes).sum::<Sizes>(), live);
        assert_eq!(paths(&image)[0], live);
        assert_eq!(live.unpacked, 107);
        assert_eq!(image.dead_total().unpacked, 100);
        assert_eq!(duplicate_total(&image).unpacked, 50);
        let directory = image.paths.find(b"a/b").unwrap();
        assert_eq!(
            (paths(&image)[directory.0 as usize].unpacked, depth(&image, directory)),
            (7, 2)
        );
    }
}
