//! Who owns what: Debian's packages first, then lightship's tools, npm's packages, and large
//! programs that nobody claims. What is left is unowned.

use std::collections::HashMap;

use super::entry::{Entry, EntryId, Kind};
use super::keep::Document;
use super::owner::{Owner, OwnerId};
use super::package::Package;
use super::pass::Read;
use super::paths::PathId;
use super::program::ProgramKind;
use super::view::View;
use super::{Measurement, debian, npm};

/// A program from this size on is worth a line of its own, in bytes.
const LARGE: u64 = 1_000_000;
const RECEIPTS: &str = "opt/lightship/v1/receipts/";
const STORE: &str = "opt/lightship/v1/store/";

/// Fills owners and packages.
pub(super) fn assign(measurement: &mut Measurement, mut documents: Vec<Read>) {
    documents.retain(|(id, ..)| measurement.entry(*id).is_some_and(Entry::is_live));
    let view = View::new(measurement);
    let mut claims = Claims {
        owners: vec![Owner::Nobody],
        exact: vec![None; measurement.paths.len()],
        below: HashMap::new(),
    };
    let packages = claims.debian(measurement, &view, &documents);
    claims.tools(measurement, &documents);
    claims.npm(measurement, &documents);
    let inherited = claims.inherited(measurement);
    let mut of_entries: Vec<(EntryId, OwnerId)> = Vec::new();
    for (id, entry, at) in measurement.live() {
        let place = at.0 as usize;
        let own = claims.exact.get(place).copied().flatten();
        let above = inherited.get(place).copied().flatten();
        let owner = own.or(above).or_else(|| claims.binary(measurement, id, entry, at));
        of_entries.extend(owner.map(|owner| (id, owner)));
    }
    measurement.owners = claims.owners;
    measurement.packages = packages;
    for (id, owner) in of_entries {
        if let Some(entry) = measurement.entries.get_mut(id.0 as usize) {
            entry.owner = owner;
        }
    }
}

struct Claims {
    owners: Vec<Owner>,
    /// By path: of exactly that.
    exact: Vec<Option<OwnerId>>,
    /// Of all at and below a path.
    below: HashMap<PathId, OwnerId>,
}

impl Claims {
    fn owner(&mut self, owner: Owner) -> OwnerId {
        let id = OwnerId(u32::try_from(self.owners.len()).unwrap_or(u32::MAX));
        self.owners.push(owner);
        id
    }

    fn debian(
        &mut self,
        measurement: &Measurement,
        view: &View<'_>,
        documents: &[Read],
    ) -> Vec<Package> {
        let path = |id: &EntryId| {
            let path = measurement.entry(*id).and_then(Entry::live_at);
            path.map(|path| measurement.paths.text(path)).unwrap_or_default()
        };
        let mut packages = Vec::new();
        // Distroless' files by their names, which need not be those of the packages.
        let mut stems = HashMap::new();
        for (id, document, bytes) in documents {
            let text = String::from_utf8_lossy(bytes);
            match document {
                Document::Status => packages.extend(debian::status(&text)),
                Document::StatusOf => {
                    if let Some(package) = debian::status_of(&text) {
                        stems.insert(path(id), package.name.clone());
                        packages.push(package);
                    }
                }
                _ => (),
            }
        }
        let key = |package: &Package| (package.name.clone(), package.architecture.clone());
        packages.sort_by_key(key);
        packages.dedup_by_key(|package| key(package));
        let marks = documents.iter().find(|(_, document, _)| *document == Document::Marks);
        if let Some((_, _, bytes)) = marks {
            let automatic = debian::automatic(&String::from_utf8_lossy(bytes));
            for package in &mut packages {
                package.auto = Some(automatic.contains(&package.name));
            }
        }
        let mut owners = HashMap::new();
        for (at, package) in packages.iter().enumerate() {
            let alike = packages.iter().filter(|other| other.name == package.name).count();
            let name = match alike {
                1 => package.name.clone(),
                _ => format!("{}:{}", package.name, package.architecture),
            };
            let owner = self.owner(Owner::Debian(name));
            owners.insert((package.name.clone(), Some(package.architecture.clone())), (at, owner));
            owners.entry((package.name.clone(), None)).or_insert((at, owner));
        }
        for (id, document, bytes) in documents {
            let path = path(id);
            let found = match document {
                Document::List => debian::owner_of(&path, ".list").and_then(|key| owners.get(&key)),
                Document::SumsOf => path
                    .strip_suffix(".md5sums")
                    .and_then(|stem| stems.get(stem))
                    .and_then(|name| owners.get(&(name.clone(), None))),
                _ => None,
            };
            let Some((at, owner)) = found else { continue };
            let Some(package) = packages.get_mut(*at) else { continue };
            if *document == Document::List {
                self.list(measurement, view, package, *owner, debian::list(bytes));
            } else {
                self.list(measurement, view, package, *owner, debian::sums(bytes));
            }
        }
        packages
    }

    /// Claims the paths that a package's list has.
    fn list<'a>(
        &mut self,
        measurement: &Measurement,
        view: &View<'_>,
        package: &mut Package,
        owner: OwnerId,
        list: impl Iterator<Item = &'a [u8]>,
    ) {
        for path in list {
            package.listed += 1;
            // What is below a merged directory is listed as it was before.
            let Some(path) = view.resolve(path, false) else {
                package.missing += 1;
                continue;
            };
            let is_directory = view.at(path).and_then(|id| measurement.entry(id));
            let is_directory = is_directory.is_none_or(|entry| entry.kind == Kind::Directory);
            let Some(claim) = self.exact.get_mut(path.0 as usize) else { continue };
            *claim = match *claim {
                // Directories are shared by packages.
                Some(other) if is_directory && other != owner => Some(OwnerId::NOBODY),
                Some(other) => Some(other),
                None => Some(owner),
            };
        }
    }

    fn tools(&mut self, measurement: &Measurement, documents: &[Read]) {
        #[derive(serde::Deserialize)]
        struct Receipt {
            name: String,
            version: String,
        }
        for (id, document, bytes) in documents {
            let Some(at) = measurement.entry(*id).and_then(Entry::live_at) else { continue };
            if *document != Document::Receipt {
                continue;
            }
            let Ok(receipt) = serde_json::from_slice::<Receipt>(bytes) else { continue };
            let text = measurement.paths.text(at);
            let stem = text.strip_prefix(RECEIPTS).and_then(|name| name.strip_suffix(".json"));
            let prefix =
                stem.and_then(|stem| measurement.paths.find(format!("{STORE}{stem}").as_bytes()));
            let tool = Owner::Tool { name: receipt.name, version: receipt.version };
            let owner = self.owner(tool);
            self.below.insert(at, owner);
            self.below.extend(prefix.map(|prefix| (prefix, owner)));
        }
    }

    fn npm(&mut self, measurement: &Measurement, documents: &[Read]) {
        for (id, document, bytes) in documents {
            let at = measurement.entry(*id).and_then(Entry::live_at);
            let Some(directory) = at.and_then(|at| measurement.paths.parent(at)) else { continue };
            if *document == Document::Npm {
                let at = measurement.paths.text(directory);
                let (name, version) = npm::read(&at, bytes);
                let owner = self.owner(Owner::Npm { name, version, at });
                self.below.insert(directory, owner);
            }
        }
    }

    /// For each path, who claims it by a directory above; a tool keeps what is in it.
    fn inherited(&self, measurement: &Measurement) -> Vec<Option<OwnerId>> {
        let mut inherited: Vec<Option<OwnerId>> = Vec::with_capacity(measurement.paths.len());
        // A directory's id is always below those of what is in it.
        for place in 0..measurement.paths.len() {
            let path = PathId(u32::try_from(place).unwrap_or(u32::MAX));
            let above = measurement.paths.parent(path);
            let above = above.and_then(|above| inherited.get(above.0 as usize).copied().flatten());
            let is_tool = |owner: OwnerId| {
                matches!(self.owners.get(owner.0 as usize), Some(Owner::Tool { .. }))
            };
            let own = self.below.get(&path).copied();
            inherited.push(above.filter(|owner| is_tool(*owner)).or(own).or(above));
        }
        inherited
    }

    fn binary(
        &mut self,
        measurement: &Measurement,
        id: EntryId,
        entry: &Entry,
        at: PathId,
    ) -> Option<OwnerId> {
        let program = measurement.programs.get(&id)?;
        let large = entry.sizes.unpacked >= LARGE && matches!(program.kind, ProgramKind::Elf(_));
        large.then(|| self.owner(Owner::Binary(measurement.paths.text(at))))
    }
}
