//! Which packages are needed for those that are asked for. The same question has the same
//! answer: the first alternative that can be had, the newest version, no Recommends.

use std::collections::{BTreeMap, BTreeSet};

use crate::index::{Id, Index};
use crate::relation::{Relation, groups, list};

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Names, each perhaps with `=VERSION`.
    pub packages: Vec<String>,
    /// Names that are not installed whoever asks for them: they are there otherwise, or only
    /// needed by scripts that are not run.
    pub without: BTreeSet<String>,
    pub without_of: Without,
}

/// By a package, names that are not installed because of it, though it depends on them: it is
/// not used as a whole. Others that depend on them get them.
pub type Without = BTreeMap<String, BTreeSet<String>>;

/// Why there is no answer. Each says by what way it was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("there is no package `{name}`{near}")]
    NoPackage { name: String, near: String },
    #[error("{wish} is not to be had ({found}); it is needed by {path}")]
    Unsatisfied { wish: String, found: String, path: String },
    #[error(
        "{one} and {other} exclude each other (`{relation}`); the first is needed by {one_path}, \
         the second by {other_path}"
    )]
    Conflict { one: String, other: String, relation: String, one_path: String, other_path: String },
}

/// The packages, sorted by name.
///
/// # Errors
/// When something is not to be had, or what is needed excludes itself.
pub fn resolve(index: &Index, request: &Request) -> Result<Vec<Id>, ResolveError> {
    let mut search = Search {
        index,
        request,
        chosen: BTreeMap::new(),
        provided: BTreeMap::new(),
        queue: Vec::new(),
    };
    // What is asked for by name is chosen first, so that an alternative can be met by it.
    for wish in &request.packages {
        let (name, version) = wish
            .split_once('=')
            .map_or((wish.as_str(), None), |(name, version)| (name, Some(version)));
        let ids = index.named(name);
        let found = ids.iter().find(|id| version.is_none_or(|v| v == index.get(**id).version));
        let Some(id) = found else { return Err(search.no_package(name, version)) };
        search.choose(*id, None);
    }
    let mut next = 0;
    while let Some(id) = search.queue.get(next).copied() {
        search.meet(id)?;
        next += 1;
    }
    search.check()?;
    let mut chosen: Vec<Id> = search.chosen.values().map(|choice| choice.id).collect();
    chosen.sort_by_key(|id| index.get(*id).name);
    Ok(chosen)
}

struct Choice {
    id: Id,
    /// Who first asked for it.
    by: Option<Id>,
}

struct Search<'a> {
    index: &'a Index,
    request: &'a Request,
    chosen: BTreeMap<&'a str, Choice>,
    /// Names that the chosen ones provide, with their versions.
    provided: BTreeMap<&'a str, Vec<Option<&'a str>>>,
    queue: Vec<Id>,
}

impl Search<'_> {
    fn choose(&mut self, id: Id, by: Option<Id>) {
        let package = self.index.get(id);
        if self.chosen.contains_key(package.name) {
            return;
        }
        self.chosen.insert(package.name, Choice { id, by });
        for provided in list(package.provides, self.index.arch()) {
            let version = provided.version.map(|(_, version)| version);
            self.provided.entry(provided.name).or_default().push(version);
        }
        self.queue.push(id);
    }

    /// Chooses what a chosen package needs.
    fn meet(&mut self, id: Id) -> Result<(), ResolveError> {
        let index = self.index;
        let package = index.get(id);
        for field in [package.pre_depends, package.depends] {
            for group in groups(field, index.arch()) {
                if group.iter().any(|relation| self.is_met(package.name, relation)) {
                    continue;
                }
                let candidates: Vec<Id> =
                    group.iter().flat_map(|relation| candidates(index, relation)).collect();
                // One that excludes what is chosen already is taken only if all do.
                let fits = candidates.iter().find(|candidate| self.fits(**candidate));
                let Some(best) = fits.or(candidates.first()) else {
                    return Err(self.unsatisfied(&group, id));
                };
                let name = index.get(*best).name;
                if let Some(other) = self.chosen.get(name).filter(|choice| choice.id != *best) {
                    let found =
                        format!("{} was chosen for {}", self.shown(other.id), self.path(other.id));
                    return Err(self.unmet(&group, id, found));
                }
                self.choose(*best, Some(id));
            }
        }
        Ok(())
    }

    /// Whether what the package `by` asks for needs nothing more.
    fn is_met(&self, by: &str, relation: &Relation<'_>) -> bool {
        let Request { without, without_of, .. } = self.request;
        without.contains(relation.name)
            || without_of.get(by).is_some_and(|needless| needless.contains(relation.name))
            || self
                .chosen
                .get(relation.name)
                .is_some_and(|choice| relation.accepts(self.index.get(choice.id).version))
            || self.provided.get(relation.name).is_some_and(|versions| {
                versions.iter().any(|version| relation.accepts_provided(*version))
            })
    }

    /// Whether a package can be beside all that are chosen.
    fn fits(&self, id: Id) -> bool {
        let name = self.index.get(id).name;
        let other_version = self.chosen.get(name).is_some_and(|choice| choice.id != id);
        !other_version
            && self.chosen.values().all(|choice| {
                excludes(self.index, id, choice.id).is_none()
                    && excludes(self.index, choice.id, id).is_none()
            })
    }

    fn check(&self) -> Result<(), ResolveError> {
        for one in self.chosen.values() {
            for other in self.chosen.values() {
                if let Some(relation) = excludes(self.index, one.id, other.id) {
                    return Err(ResolveError::Conflict {
                        one: self.shown(one.id),
                        other: self.shown(other.id),
                        relation,
                        one_path: self.path(one.id),
                        other_path: self.path(other.id),
                    });
                }
            }
        }
        // A later choice can only add; what was met stays met.
        Ok(())
    }

    fn shown(&self, id: Id) -> String {
        let package = self.index.get(id);
        format!("{} {}", package.name, package.version)
    }

    /// `a ← b ← what was asked for`.
    fn path(&self, id: Id) -> String {
        let mut names = vec![self.index.get(id).name];
        let mut at = id;
        while let Some(by) = self.chosen.get(self.index.get(at).name).and_then(|choice| choice.by) {
            at = by;
            names.push(self.index.get(at).name);
            if names.len() > self.chosen.len() {
                break;
            }
        }
        names.join(" ← ")
    }

    fn unsatisfied(&self, group: &[Relation<'_>], by: Id) -> ResolveError {
        let found: Vec<String> = group
            .iter()
            .filter_map(|relation| self.index.named(relation.name).first())
            .map(|id| format!("the archive has {}", self.shown(*id)))
            .collect();
        let found =
            if found.is_empty() { "the archive has none".to_owned() } else { found.join(", ") };
        self.unmet(group, by, found)
    }

    fn unmet(&self, group: &[Relation<'_>], by: Id, found: String) -> ResolveError {
        let wish: Vec<String> = group.iter().map(|relation| format!("`{relation}`")).collect();
        ResolveError::Unsatisfied { wish: wish.join(" or "), found, path: self.path(by) }
    }

    fn no_package(&self, name: &str, version: Option<&str>) -> ResolveError {
        let near = match (version, self.index.named(name).first()) {
            (Some(version), Some(id)) => {
                format!(" of version {version}; the archive has {}", self.shown(*id))
            }
            _ => match self.index.providers(name).next() {
                Some(id) => format!("; `{}` provides it", self.index.get(id).name),
                None => " in the suites that were read".to_owned(),
            },
        };
        ResolveError::NoPackage { name: name.to_owned(), near }
    }
}

/// What can meet a relation, the best first: packages of the name, then those that provide it.
fn candidates(index: &Index, relation: &Relation<'_>) -> Vec<Id> {
    let named = index.named(relation.name).iter().copied();
    let named = named.filter(|id| relation.accepts(index.get(*id).version));
    let providers = index.providers(relation.name).filter(|id| {
        list(index.get(*id).provides, index.arch()).any(|provided| {
            let version = provided.version.map(|(_, version)| version);
            provided.name == relation.name && relation.accepts_provided(version)
        })
    });
    named.chain(providers).collect()
}

/// The relation by which `one` excludes `other`.
fn excludes(index: &Index, one: Id, other: Id) -> Option<String> {
    let (package, other) = (index.get(one), index.get(other));
    // What a package provides itself it may exclude in others.
    if package.name == other.name {
        return None;
    }
    [package.conflicts, package.breaks].into_iter().find_map(|field| {
        list(field, index.arch()).find_map(|relation| {
            let named = relation.name == other.name && relation.accepts(other.version);
            let provides = || {
                list(other.provides, index.arch()).any(|provided| {
                    let version = provided.version.map(|(_, version)| version);
                    provided.name == relation.name && relation.accepts_provided(version)
                })
            };
            (named || provides()).then(|| relation.to_string())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> Index {
        let mut list = String::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (head, fields) = line.split_once(';').unwrap_or((line, ""));
            let (name, version) = head.split_once(' ').unwrap();
            let mut lines =
                vec![format!("Package: {name}\nVersion: {version}\nArchitecture: amd64")];
            let fields = fields.split(';').map(str::trim).filter(|field| !field.is_empty());
            lines.extend(fields.map(str::to_owned));
            list += &lines.join("\n");
            list += "\n\n";
        }
        let mut index = Index::new("amd64");
        index.add(list.as_bytes(), 0).unwrap();
        index
    }

    fn ask(index: &Index, packages: &[&str], without: &[&str]) -> Result<Vec<String>, String> {
        let request = Request {
            packages: packages.iter().map(ToString::to_string).collect(),
            without: without.iter().map(ToString::to_string).collect(),
            ..Request::default()
        };
        answer(index, &request)
    }

    fn answer(index: &Index, request: &Request) -> Result<Vec<String>, String> {
        let ids = resolve(index, request).map_err(|error| error.to_string())?;
        let shown = |id: &Id| format!("{} {}", index.get(*id).name, index.get(*id).version);
        Ok(ids.iter().map(shown).collect())
    }

    const SMALL: &str = "
        app 1;Depends: lib (>= 2), awk | mawk, editor
        lib 1
        lib 2;Pre-Depends: base
        base 1
        mawk 1;Provides: awk
        gawk 1;Provides: awk;Priority: standard
        nano 1;Provides: editor
        old 1;Depends: lib (<< 2)
        lone 1;Depends: lib (>= 9)
        deep 1;Depends: lone
        enemy 1;Conflicts: base
        both 1;Depends: base, enemy
        versioned 1;Depends: abi (= 3)
        abi-3 7;Provides: abi (= 3)
        picky 1;Depends: base, enemy | nano
    ";

    #[test]
    fn the_newest_and_first_that_fits_is_chosen_every_time() {
        let index = index(SMALL);
        let expected = ["app 1", "base 1", "gawk 1", "lib 2", "nano 1"];
        assert_eq!(ask(&index, &["app"], &[]).unwrap(), expected);
        // An alternative that is there already is enough.
        let expected = ["app 1", "base 1", "lib 2", "mawk 1", "nano 1"];
        assert_eq!(ask(&index, &["mawk", "app"], &[]).unwrap(), expected);
        assert_eq!(ask(&index, &["old"], &[]).unwrap(), ["lib 1", "old 1"]);
        assert_eq!(ask(&index, &["lib=1"], &[]).unwrap(), ["lib 1"]);
        assert_eq!(ask(&index, &["versioned"], &[]).unwrap(), ["abi-3 7", "versioned 1"]);
    }

    #[test]
    fn what_is_there_otherwise_is_left_out_with_all_that_it_needs() {
        let index = index(SMALL);
        assert_eq!(ask(&index, &["app"], &["lib", "awk", "editor"]).unwrap(), ["app 1"]);
    }

    #[test]
    fn what_one_package_can_do_without_is_there_for_another() {
        let index = index("part 1;Depends: perl, lib\nwhole 1;Depends: perl\nperl 5\nlib 1");
        let needless = BTreeSet::from(["perl".to_owned()]);
        let ask = |packages: &[&str]| {
            let packages = packages.iter().map(ToString::to_string).collect();
            let without_of = BTreeMap::from([("part".to_owned(), needless.clone())]);
            answer(&index, &Request { packages, without_of, ..Request::default() }).unwrap()
        };
        assert_eq!(ask(&["part"]), ["lib 1", "part 1"]);
        assert_eq!(ask(&["part", "whole"]), ["lib 1", "part 1", "perl 5", "whole 1"]);
    }

    #[test]
    fn an_alternative_that_excludes_another_choice_is_passed_over() {
        assert_eq!(ask(&index(SMALL), &["picky"], &[]).unwrap(), ["base 1", "nano 1", "picky 1"]);
    }

    #[test]
    fn what_can_not_be_had_is_told_with_the_way_to_it() {
        let index = index(SMALL);
        let error = ask(&index, &["deep"], &[]).unwrap_err();
        assert_eq!(
            error,
            "`lib (>= 9)` is not to be had (the archive has lib 2); it is needed by lone ← deep"
        );
        let error = ask(&index, &["app", "old"], &[]).unwrap_err();
        assert!(error.contains("lib 2 was chosen for lib ← app"), "{error}");
        let error = ask(&index, &["both"], &[]).unwrap_err();
        assert!(error.contains("exclude each other") && error.contains("base ← both"), "{error}");
        let error = ask(&index, &["editor"], &[]).unwrap_err();
        assert_eq!(error, "there is no package `editor`; `nano` provides it");
        let error = ask(&index, &["lib=7"], &[]).unwrap_err();
        assert!(error.contains("of version 7; the archive has lib 2"), "{error}");
    }
}
