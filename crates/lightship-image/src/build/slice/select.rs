//! Taking: which paths of which package, until nothing that is taken needs anything more.

use std::collections::{BTreeMap, BTreeSet};

use lightship_debian::relation::groups;

use super::closure::{Places, plain};
use super::rules::{self, Slice};
use crate::build::BuildError;
use crate::build::packages::{Item, ItemKind, Package, Packages};
use crate::build::spec::{Architecture, Spec, Take};
use crate::elf::Elf;
use crate::glob::Glob;

/// A path that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whose it is.
    pub package: String,
    pub item: Item,
}

/// What is taken of all packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub paths: BTreeMap<String, Taken>,
    /// Packages of which something is taken.
    pub packages: BTreeSet<String>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Takes what `spec` names, and what that needs. `others` are ELF files that are in the image
/// beside the packages' own: each path with what it needs.
///
/// # Errors
/// When a rule does not fit its package, a library is not to be found, or two packages want the
/// same path.
pub fn select(
    spec: &Spec,
    packages: &Packages,
    others: &[(String, Elf)],
) -> Result<Selection, BuildError> {
    let places = Places::new(packages, spec.architecture.triplet());
    let mut select = Select {
        packages,
        places,
        architecture: spec.architecture,
        selection: Selection::default(),
        slices: BTreeSet::new(),
        whole: BTreeSet::new(),
        queue: Vec::new(),
    };
    for (wish, take) in &spec.packages {
        let name = wish.split('=').next().unwrap_or(wish);
        select.package(name, take)?;
    }
    for (path, elf) in others {
        select.needs_of(path, elf)?;
    }
    select.settle()?;
    select.selection.notes.sort();
    Ok(select.selection)
}

struct Select<'a> {
    packages: &'a Packages,
    places: Places<'a>,
    architecture: Architecture,
    selection: Selection,
    slices: BTreeSet<(String, String)>,
    whole: BTreeSet<String>,
    /// ELF files whose needs have not been looked at yet.
    queue: Vec<(String, Elf)>,
}

impl<'a> Select<'a> {
    fn package(&mut self, name: &str, take: &Take) -> Result<(), BuildError> {
        match (take, rules::of(name)) {
            (Take::Slices(slices), _) => {
                slices.iter().try_for_each(|slice| self.slice(name, slice))
            }
            (Take::Usual, Some(rule)) => {
                rule.default.iter().try_for_each(|slice| self.slice(name, slice))
            }
            (Take::Whole, _) | (Take::Usual, None) => {
                if *take == Take::Usual {
                    let note = format!("there are no slices of `{name}`: it is taken whole");
                    self.selection.notes.push(note);
                }
                self.whole(name)
            }
        }
    }

    /// All of a package, and all of what it depends on as far as there is no rule for that.
    fn whole(&mut self, name: &str) -> Result<(), BuildError> {
        if !self.whole.insert(name.to_owned()) {
            return Ok(());
        }
        let package = self.known(name)?;
        for path in package.items.keys() {
            self.take(name, path)?;
        }
        self.touch(name)?;
        for dependency in self.dependencies(package) {
            match rules::of(&dependency) {
                Some(rule) => {
                    for slice in &rule.default {
                        self.slice(&dependency, slice)?;
                    }
                }
                None => self.whole(&dependency)?,
            }
        }
        Ok(())
    }

    /// The packages that were chosen for what `package` depends on.
    fn dependencies(&self, package: &Package) -> BTreeSet<String> {
        let arch = self.architecture.as_str();
        let fields = ["Pre-Depends", "Depends"].map(|name| package.field(name).unwrap_or_default());
        let mut found = BTreeSet::new();
        for relation in fields.iter().flat_map(|field| groups(field, arch)).flatten() {
            if self.packages.contains_key(relation.name) {
                found.insert(relation.name.to_owned());
                continue;
            }
            found.extend(self.providers(relation.name));
        }
        found
    }

    fn providers(&self, wanted: &str) -> impl Iterator<Item = String> {
        let arch = self.architecture.as_str();
        let provides = move |package: &Package| {
            let field = package.field("Provides").unwrap_or_default();
            groups(field, arch).flatten().any(|provided| provided.name == wanted)
        };
        let all = self.packages.iter().filter(move |(_, package)| provides(package));
        all.map(|(name, _)| name.clone()).collect::<Vec<_>>().into_iter()
    }

    fn slice(&mut self, name: &str, slice: &str) -> Result<(), BuildError> {
        if !self.slices.insert((name.to_owned(), slice.to_owned())) {
            return Ok(());
        }
        let package = self.known(name)?;
        let Some(found) = rules::of(name).and_then(|rule| rule.slices.get(slice)) else {
            return Err(BuildError::Slice(format!("`{name}` has no slice `{slice}`")));
        };
        for pattern in &found.files {
            self.pattern(name, slice, package, pattern)?;
        }
        self.links(name, package, found);
        for need in &found.needs {
            let (package, slice) = rules::parse(name, need);
            self.slice(package, slice)?;
        }
        self.touch(name)
    }

    fn pattern(
        &mut self,
        name: &str,
        slice: &str,
        package: &'a Package,
        pattern: &str,
    ) -> Result<(), BuildError> {
        let pattern = pattern.replace("{triplet}", self.architecture.triplet());
        // What may be absent, in one release or another, ends with a question mark.
        let (pattern, optional) = match pattern.strip_suffix('?') {
            Some(pattern) => (pattern, true),
            None => (pattern.as_str(), false),
        };
        // One star means files; a directory that is empty by intent is named, or lies below two.
        let files = pattern.contains('*') && !pattern.contains("**");
        let glob = Glob::new(pattern);
        let meant = |(path, item): &(&'a String, &'a Item)| {
            glob.matches_all(path.as_bytes()) && !(files && item.kind == ItemKind::Directory)
        };
        let found: Vec<&String> =
            package.items.iter().filter(meant).map(|(path, _)| path).collect();
        if found.is_empty() && !optional {
            let version = package.field("Version").unwrap_or_default();
            return Err(BuildError::Slice(format!(
                "the slice `{slice}` of `{name}` names `{pattern}`, which {name} {version} does \
                 not have: take the package `whole`, or an older one"
            )));
        }
        found.into_iter().try_for_each(|path| self.take(name, path))
    }

    fn links(&mut self, name: &str, package: &Package, slice: &Slice) {
        let mtime = package.items.values().map(|item| item.mtime).max().unwrap_or(0);
        for (path, target) in &slice.links {
            let kind = ItemKind::Symlink(target.clone());
            let item = Item { kind, mode: 0o777, uid: 0, gid: 0, mtime };
            // It stands instead of what the package has there.
            let taken = Taken { package: name.to_owned(), item };
            self.selection.paths.insert(path.clone(), taken);
        }
    }

    fn known(&self, name: &str) -> Result<&'a Package, BuildError> {
        self.packages.get(name).ok_or_else(|| {
            BuildError::Slice(format!(
                "the package `{name}` is needed, and no package depends on it: name it in `packages`"
            ))
        })
    }

    /// Takes a path of a package, and what it leads to.
    fn take(&mut self, name: &str, path: &str) -> Result<(), BuildError> {
        let Some(item) = self.known(name)?.items.get(path) else { return Ok(()) };
        if let Some(taken) = self.selection.paths.get(path) {
            let same = taken.package == name || taken.item.kind == item.kind;
            return if same { Ok(()) } else { Err(both(path, &taken.package, name)) };
        }
        let taken = Taken { package: name.to_owned(), item: item.clone() };
        self.selection.paths.insert(path.to_owned(), taken);
        match &item.kind {
            ItemKind::Directory | ItemKind::File { elf: None, .. } => {}
            ItemKind::File { elf: Some(elf), .. } => {
                self.queue.push((path.to_owned(), elf.clone()));
            }
            ItemKind::Symlink(target) => self.follow(path, target)?,
        }
        self.touch(name)
    }

    fn follow(&mut self, path: &str, target: &str) -> Result<(), BuildError> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(target) = plain(folder, target) else { return Ok(()) };
        match self.places.get(&target) {
            // The documentation of several packages in one place: its licence is theirs.
            Some((_, Item { kind: ItemKind::Directory, .. })) => {
                let copyright = format!("{target}/copyright");
                match self.places.get(&copyright) {
                    Some((owner, _)) if path.starts_with("usr/share/doc/") => {
                        self.take(owner, &copyright)
                    }
                    _ => Ok(()),
                }
            }
            Some((owner, _)) => self.take(owner, &target),
            None => Ok(()),
        }
    }

    /// What comes with any file of a package: its licence, and what its rule always wants.
    fn touch(&mut self, name: &str) -> Result<(), BuildError> {
        if !self.selection.packages.insert(name.to_owned()) {
            return Ok(());
        }
        for path in [format!("usr/share/doc/{name}"), format!("usr/share/doc/{name}/copyright")] {
            let item = self.known(name)?.items.get(&path);
            if item.is_some_and(|item| item.kind != ItemKind::Directory) {
                self.take(name, &path)?;
            }
        }
        for slice in rules::of(name).map_or(&[][..], |rule| &rule.always) {
            self.slice(name, slice)?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), BuildError> {
        while let Some((path, elf)) = self.queue.pop() {
            self.needs_of(&path, &elf)?;
        }
        Ok(())
    }

    fn needs_of(&mut self, path: &str, elf: &Elf) -> Result<(), BuildError> {
        if let Some(interpreter) = elf.interpreter.as_deref().and_then(|text| plain("", text))
            && let Some((owner, _)) = self.places.get(&interpreter)
        {
            self.take(owner, &interpreter)?;
        }
        for name in &elf.needed {
            match self.places.library(path, elf, name) {
                Some(library) => {
                    if let Some((owner, _)) = self.places.get(&library) {
                        self.take(owner, &library)?;
                    }
                }
                None => self.missing(path, name)?,
            }
        }
        Ok(())
    }

    /// A program of a whole package may be meant for others; one of a slice has to run.
    fn missing(&mut self, path: &str, library: &str) -> Result<(), BuildError> {
        let owner = self.selection.paths.get(path).map(|taken| taken.package.clone());
        let what = format!("`/{path}` needs `{library}`, which no package here has");
        match owner {
            Some(owner) if self.whole.contains(&owner) => {
                self.selection.notes.push(what);
                Ok(())
            }
            _ => Err(BuildError::Slice(what)),
        }
    }
}

fn both(path: &str, one: &str, other: &str) -> BuildError {
    let why = format!("both `{one}` and `{other}` have it");
    BuildError::Path { path: path.to_owned(), why }
}
