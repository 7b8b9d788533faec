//! The whole way from a manifest to a tree.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lightship_loader::archive::Fetcher;
use lightship_model::lock::LockedDebPackage;

use super::BuildError;
use super::assemble::{self, Parts};
use super::cache::Cache;
use super::local::Local;
use super::lock::{self, Decision, Lock, LockedSuite, LockedTarball};
use super::npm::{self, Modules, Tarball};
use super::packages::request::{self, Question};
use super::packages::{self, Packages};
use super::slice::{Selection, select};
use super::spec::{LocalTree, Npm, NpmTree, Spec};
use super::tree::Tree;
use super::trees::{self, Entries};
use super::{baked, effects, local, spec, warm};
use crate::elf::Elf;
use crate::parallel;

/// A download may take this long.
const TIMEOUT: Duration = Duration::from_mins(30);

/// How many tarballs of a tree are fetched at once: most are small, and wait for the network.
const THREADS: usize = 8;

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Request {
    pub manifest: PathBuf,
    pub lock: PathBuf,
    /// Only a lock that holds will do.
    pub locked: bool,
    /// The packages are chosen anew.
    pub upgrade: bool,
}

/// What happens meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Package lists are read.
    Choosing,
    /// A package was fetched and unpacked.
    Package(&'a LockedDebPackage),
    /// So was a tarball.
    Tarball(&'a LockedTarball),
    /// A line of what goes on while tools are baked.
    Baking(&'a str),
    /// A line of what goes on while the service fills its caches.
    Warming(&'a str),
    /// The lock was written to this file.
    Locked(&'a str),
}

/// What was built.
#[derive(Debug)]
pub struct Built {
    pub spec: Spec,
    pub lock: Lock,
    pub packages: Packages,
    pub selection: Selection,
    /// Packages of npm's trees.
    pub modules: Vec<LockedTarball>,
    pub tree: Tree,
}

/// Builds the tree; the lock is written where it is new.
///
/// # Errors
/// What is wrong with the manifest, the mirror, a package or the cache.
pub fn make(
    request: &Request,
    cache: &Cache,
    told: &(dyn Fn(Step<'_>) + Sync),
) -> Result<Built, BuildError> {
    let (spec, texts) = spec::open(&request.manifest)?;
    let fetcher = || {
        let fetcher = Fetcher::new(&cache.fetch_dir(), spec.registries.clone(), TIMEOUT);
        fetcher.map_err(BuildError::from)
    };
    let recipe = request::recipe(&spec);
    let decision =
        lock::decide(Lock::open(&request.lock)?, &recipe, request.locked, request.upgrade)?;
    let (lock, is_new) = match decision {
        Decision::Keep(lock) => (lock, false),
        Decision::Resolve(before) => {
            told(Step::Choosing);
            (resolve(&spec, Lock::new(recipe), before.as_ref(), &fetcher)?, true)
        }
    };
    let deb = request::of(&spec).deb;
    let packages = packages::get(cache, &fetcher, &deb, &lock.packages, &|package| {
        told(Step::Package(package));
    })?;
    let npm = tarballs(&spec, &lock, cache, &fetcher, told)?;
    let npm_trees = npm_trees(&spec, cache, &fetcher, told)?;
    let locals = local::take_in(&spec, &request.manifest, &texts, cache)?;
    let taken = spec.trees.iter().map(|tree| Ok((tree.clone(), trees::take_in(tree, cache)?)));
    let local_trees: Vec<(LocalTree, Entries)> = taken.collect::<Result<_, BuildError>>()?;
    let mut selection = select(&spec, &packages, &elves(&npm, &locals, &local_trees))?;
    for (tree, modules, _) in &npm_trees {
        if !modules.scripts.is_empty() {
            let names = modules.scripts.join(", ");
            let to = &tree.to;
            selection.notes.push(format!("{to}: install scripts were not run: {names}"));
        }
    }
    let effects = effects::of(&spec, &packages, &selection, cache)?;
    let parts = Parts {
        spec: &spec,
        packages: &packages,
        selection: &selection,
        effects: &effects,
        npm: &npm,
        npm_trees: &npm_trees,
        local_trees: &local_trees,
        locals: &locals,
        cache,
    };
    let mut tree = assemble::tree(&parts)?;
    if !spec.baked.is_empty() {
        let order = baked::Order {
            spec: &spec,
            manifest: &request.manifest,
            texts: &texts,
            tree: &tree,
            cache,
        };
        let packed = baked::install(&order, &|line| told(Step::Baking(line)))?;
        assemble::add(&mut tree, packed.nodes());
    }
    if let Some(warm) = &spec.warm {
        let order = warm::Order { warm, start: &spec.start, tree: &tree, cache };
        warm::fill(&order, &|line| told(Step::Warming(line)))?.add(&mut tree, cache);
    }
    // A lock of what could not be built would only be in the way.
    if is_new {
        fs::write(&request.lock, lock.to_text()).map_err(BuildError::io("write", &request.lock))?;
        told(Step::Locked(&request.lock.display().to_string()));
    }
    let modules = npm_trees.iter().flat_map(|(_, modules, _)| &modules.modules);
    let modules = modules.map(|module| module.tarball.clone()).collect();
    Ok(Built { spec, lock, packages, selection, modules, tree })
}

fn resolve(
    spec: &Spec,
    mut lock: Lock,
    before: Option<&Lock>,
    fetcher: &dyn Fn() -> Result<Fetcher, BuildError>,
) -> Result<Lock, BuildError> {
    let Question { deb, without } = request::of(spec);
    if !deb.packages.is_empty() {
        let chosen = fetcher()?.choose(&deb, &without, spec.architecture.as_str());
        let chosen = chosen
            .map_err(|source| BuildError::Fetch { what: "the packages".to_owned(), source })?;
        lock::no_older(before, &chosen.suites)?;
        lock.packages = chosen.packages;
        let suites = chosen.suites.into_iter();
        lock.suites = suites
            .map(|suite| LockedSuite {
                archive: suite.archive,
                name: suite.name,
                date: suite.released,
            })
            .collect();
    }
    for npm in &spec.npm {
        lock.npm.push(npm::resolve(npm, before, fetcher)?);
    }
    lock.ignored_scripts = spec.ignored_scripts.iter().cloned().collect();
    Ok(lock)
}

fn tarballs(
    spec: &Spec,
    lock: &Lock,
    cache: &Cache,
    fetcher: &dyn Fn() -> Result<Fetcher, BuildError>,
    told: &(dyn Fn(Step<'_>) + Sync),
) -> Result<Vec<(Npm, Tarball)>, BuildError> {
    let mut found = Vec::new();
    for npm in &spec.npm {
        let locked = lock.npm.iter().find(|locked| locked.package == npm.package);
        let locked = locked.ok_or_else(|| {
            BuildError::Input(format!("the lock does not name `{}`", npm.package))
        })?;
        if npm.integrity.as_ref().is_some_and(|integrity| *integrity != locked.integrity) {
            let why = "the manifest has another integrity".to_owned();
            return Err(BuildError::Changed { what: npm.package.clone(), why });
        }
        let (tarball, is_new) = Tarball::get(cache, fetcher, locked)?;
        if is_new {
            told(Step::Tarball(locked));
        }
        found.push((npm.clone(), tarball));
    }
    Ok(found)
}

type NpmTrees = Vec<(NpmTree, Modules, BTreeMap<String, Tarball>)>;

fn npm_trees(
    spec: &Spec,
    cache: &Cache,
    fetcher: &dyn Fn() -> Result<Fetcher, BuildError>,
    told: &(dyn Fn(Step<'_>) + Sync),
) -> Result<NpmTrees, BuildError> {
    let mut found = Vec::new();
    for tree in &spec.npm_trees {
        let text = fs::read_to_string(&tree.lock).map_err(BuildError::io("read", &tree.lock))?;
        let modules = npm::modules(&text, tree, spec.architecture)?;
        let tarballs = all(&modules, cache, fetcher, told)?;
        found.push((tree.clone(), modules, tarballs));
    }
    Ok(found)
}

/// The tarballs of all modules by integrity, those that are not there fetched at once.
fn all(
    modules: &Modules,
    cache: &Cache,
    fetcher: &dyn Fn() -> Result<Fetcher, BuildError>,
    told: &(dyn Fn(Step<'_>) + Sync),
) -> Result<BTreeMap<String, Tarball>, BuildError> {
    let mut found = BTreeMap::new();
    let mut missing = BTreeMap::new();
    for module in &modules.modules {
        let integrity = module.tarball.integrity.as_str().to_owned();
        match Tarball::cached(cache, &module.tarball.integrity) {
            Some(tarball) => drop(found.insert(integrity, tarball)),
            None => drop(missing.insert(integrity, &module.tarball)),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let fetcher = fetcher()?;
    let missing: Vec<_> = missing.into_iter().collect();
    let got = parallel::each(THREADS, &missing, |(integrity, locked)| {
        let tarball = Tarball::fetch(cache, &fetcher, locked)?;
        told(Step::Tarball(locked));
        Ok::<_, BuildError>((integrity.clone(), tarball))
    })?;
    found.extend(got);
    Ok(found)
}

/// The ELF files that are no package's, by where they go.
fn elves(
    npm: &[(Npm, Tarball)],
    locals: &[Local],
    local_trees: &[(LocalTree, Entries)],
) -> Vec<(String, Elf)> {
    let taken = npm.iter().flat_map(|(npm, tarball)| {
        npm.take.iter().filter_map(|(from, to)| {
            let elf = tarball.0.get(from)?.elf.clone()?;
            Some((to[1..].to_owned(), elf))
        })
    });
    let own =
        locals.iter().filter_map(|local| Some((local.to[1..].to_owned(), local.elf.clone()?)));
    let laid = local_trees.iter().flat_map(|(tree, entries)| {
        let place = &tree.to[1..];
        entries
            .iter()
            .filter_map(move |(path, entry)| Some((format!("{place}/{path}"), entry.elf.clone()?)))
    });
    taken.chain(own).chain(laid).collect()
}
