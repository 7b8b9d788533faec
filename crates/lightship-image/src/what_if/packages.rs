//! The level of packages: who depends on whom among those that are installed.

use std::collections::{BTreeMap, HashMap};

use lightship_debian::relation::{groups, list};
use serde::Serialize;

use super::files::Files;
use super::subject::Subject;
use super::weight::Going;
use super::{Gone, Level, breaks};
use crate::graph::Graph;
use crate::live::Live;
use crate::measure::{Measurement, Owner, OwnerId, OwnerKind, Sizes, printable};

/// Why something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It was named.
    Named,
    /// It depends on what goes.
    Dependant,
    /// Nothing that stays needs it.
    Unneeded,
}

/// The installed packages and what each needs of the others. Of alternatives every one that is
/// installed counts as needed, as apt has it.
#[derive(Debug)]
pub struct Packages<'a> {
    image: &'a Measurement,
    pub graph: Graph,
    /// By package: for each of its groups of alternatives the packages that meet it.
    pub groups: Vec<Vec<Vec<usize>>>,
    owners: Vec<Option<OwnerId>>,
}

impl<'a> Packages<'a> {
    pub fn new(image: &'a Measurement) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut provided: HashMap<&str, Vec<(usize, Option<&str>)>> = HashMap::new();
        for (index, package) in image.packages.iter().enumerate() {
            by_name.entry(bare(&package.name)).or_default().push(index);
            for relation in list(&package.provides, &package.architecture) {
                let version = relation.version.map(|(_, version)| version);
                provided.entry(relation.name).or_default().push((index, version));
            }
        }
        let mut graph = Graph::new(image.packages.len());
        let mut all_groups = Vec::with_capacity(image.packages.len());
        for (index, package) in image.packages.iter().enumerate() {
            let meets = |alternatives: Vec<lightship_debian::relation::Relation<'_>>| {
                let mut found = Vec::new();
                for relation in alternatives {
                    let named = by_name.get(relation.name).into_iter().flatten().copied();
                    found.extend(named.filter(|it| relation.accepts(&image.packages[*it].version)));
                    let others = provided.get(relation.name).into_iter().flatten();
                    found.extend(
                        others
                            .filter(|(_, version)| relation.accepts_provided(*version))
                            .map(|(it, _)| *it),
                    );
                }
                found
            };
            let met: Vec<Vec<usize>> = groups(&package.depends, &package.architecture)
                .map(meets)
                .filter(|group| !group.is_empty() && !group.contains(&index))
                .collect();
            met.iter().flatten().for_each(|needed| graph.add(index, *needed));
            all_groups.push(met);
        }
        let owner_of: HashMap<&str, OwnerId> = (0..)
            .map(OwnerId)
            .zip(&image.owners)
            .filter_map(|(id, owner)| match owner {
                Owner::Debian(name) => Some((name.as_str(), id)),
                _ => None,
            })
            .collect();
        let owners =
            image.packages.iter().map(|it| owner_of.get(it.name.as_str()).copied()).collect();
        Self { image, graph, groups: all_groups, owners }
    }

    /// Whether the image has apt's list of what was asked for.
    pub fn knows_who_asked(&self) -> bool {
        self.image.packages.iter().any(|package| package.auto.is_some())
    }

    pub fn owner(&self, package: usize) -> Option<OwnerId> {
        self.owners.get(package).copied().flatten()
    }

    pub fn is_essential(&self, package: usize) -> bool {
        self.image.packages.get(package).is_some_and(|package| package.essential)
    }

    /// The packages from which all others are needed: those that somebody asked for, or that
    /// no other needs, and the essential ones.
    pub fn roots(&self) -> Vec<usize> {
        let all = 0..self.graph.len();
        if !self.knows_who_asked() {
            let mut roots = self.graph.sources();
            roots.extend(all.filter(|it| self.is_essential(*it)));
            return roots;
        }
        let asked = |it: &usize| self.image.packages[*it].auto != Some(true);
        all.filter(|it| asked(it) || self.is_essential(*it)).collect()
    }

    /// What goes when `named` go while `roots` stay, with the package because of which.
    pub fn without(&self, named: &[usize], roots: &[usize]) -> BTreeMap<usize, (Why, usize)> {
        let mut gone: BTreeMap<usize, (Why, usize)> =
            named.iter().map(|it| (*it, (Why::Named, *it))).collect();
        let users = self.graph.reversed();
        let mut next: Vec<usize> = named.to_vec();
        while let Some(lost) = next.pop() {
            for user in users.needs(lost) {
                let misses = |group: &Vec<usize>| {
                    group.contains(&lost) && group.iter().all(|it| gone.contains_key(it))
                };
                if !gone.contains_key(&user) && self.groups[user].iter().any(misses) {
                    gone.insert(user, (Why::Dependant, lost));
                    next.push(user);
                }
            }
        }
        let barred: Vec<bool> = (0..self.graph.len()).map(|it| gone.contains_key(&it)).collect();
        let stays = self.graph.reach(roots.iter().copied(), &barred);
        let mut next: Vec<usize> = gone.keys().copied().collect();
        while let Some(lost) = next.pop() {
            for needed in self.graph.needs(lost) {
                if !stays[needed] && !gone.contains_key(&needed) {
                    gone.insert(needed, (Why::Unneeded, lost));
                    next.push(needed);
                }
            }
        }
        gone
    }

    /// The packages among some owners.
    pub fn among(&self, subjects: &[Subject]) -> Vec<usize> {
        let is_meant = |it: &usize| {
            let owner = self.owner(*it);
            owner.is_some_and(|owner| subjects.iter().any(|it| it.owners.contains(&owner)))
        };
        (0..self.graph.len()).filter(is_meant).collect()
    }
}

/// The name without an architecture.
fn bare(name: &str) -> &str {
    name.split_once(':').map_or(name, |(name, _)| name)
}

/// What goes by package.
pub(super) fn level(
    live: &Live<'_>,
    packages: &Packages<'_>,
    files: &Files,
    named: &[Subject],
    kept: &[Subject],
) -> Level {
    let image = live.image;
    let roots = if kept.is_empty() {
        packages.roots()
    } else {
        let essential = (0..packages.graph.len()).filter(|it| packages.is_essential(*it));
        packages.among(kept).into_iter().chain(essential).collect()
    };
    let gone = packages.without(&packages.among(named), &roots);
    let by_owner: HashMap<OwnerId, (Why, usize)> = gone
        .iter()
        .filter_map(|(it, found)| packages.owner(*it).map(|owner| (owner, *found)))
        .collect();
    let mut going = Going::new(live);
    named.iter().flat_map(|it| &it.entries).for_each(|id| going.add(*id));
    for (id, entry, _) in image.live() {
        if by_owner.contains_key(&entry.owner) {
            going.add(id);
        }
    }
    let mut sums: BTreeMap<OwnerId, Sizes> =
        by_owner.keys().map(|owner| (*owner, Sizes::default())).collect();
    for id in going.ids() {
        if let Some(entry) = image.entry(id) {
            *sums.entry(entry.owner).or_default() += going.saved_by(live, id);
        }
    }
    let row = |(owner, sizes): (&OwnerId, &Sizes)| {
        let found = by_owner.get(owner).copied().unwrap_or((Why::Named, usize::MAX));
        let because = image.packages.get(found.1).map(|package| printable(package.name.as_bytes()));
        Gone {
            kind: image.owner(*owner).kind(),
            name: printable(image.owner(*owner).name().as_bytes()),
            why: found.0,
            because: because.filter(|_| found.0 != Why::Named),
            sizes: *sizes,
        }
    };
    let mut gone: Vec<Gone> = sums.iter().map(row).collect();
    sort(&mut gone);
    Level {
        saved: gone.iter().map(|gone| gone.sizes).sum(),
        gone,
        broken: breaks::broken(live, files, &going),
    }
}

/// The largest first.
pub(super) fn sort(gone: &mut [Gone]) {
    gone.sort_by(|a, b| {
        let key = |gone: &Gone| std::cmp::Reverse((gone.sizes.unpacked, gone.sizes.packed));
        key(a).cmp(&key(b)).then_with(|| (a.kind, &a.name).cmp(&(b.kind, &b.name)))
    });
}

/// Kinds of owners that can be asked about one by one.
pub(super) fn can_be_named(kind: OwnerKind) -> bool {
    kind != OwnerKind::Unowned
}
