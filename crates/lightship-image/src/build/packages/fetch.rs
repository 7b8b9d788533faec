//! Getting the locked packages: from the cache, or fetched by several threads at once.

use std::collections::BTreeMap;
use std::fs;

use lightship_loader::archive::Fetcher;
use lightship_model::lock::LockedDebPackage;
use lightship_model::manifest::DebSource;

use super::{Package, Packages};
use crate::build::BuildError;
use crate::build::cache::Cache;
use crate::parallel;

/// Downloads wait for the network, so more than there are processors.
const THREADS: usize = 4;

/// Hears of each package that was fetched: name, version, bytes.
pub type Progress<'a> = &'a (dyn Fn(&LockedDebPackage) + Sync);

/// All packages of a lock, by name.
///
/// # Errors
/// The first that goes wrong; what was fetched by then stays in the cache.
pub fn get(
    cache: &Cache,
    fetcher: &dyn Fn() -> Result<Fetcher, BuildError>,
    deb: &DebSource,
    locked: &[LockedDebPackage],
    told: Progress<'_>,
) -> Result<Packages, BuildError> {
    let mut packages = BTreeMap::new();
    let mut missing = Vec::new();
    for package in locked {
        match Package::cached(cache, &package.sha256) {
            Some(found) => drop(packages.insert(package.name.clone(), found)),
            None => missing.push(package),
        }
    }
    if missing.is_empty() {
        return Ok(packages);
    }
    let fetcher = fetcher()?;
    let got = parallel::each(THREADS, &missing, |package| {
        let unpacked = one(cache, &fetcher, deb, package, told)?;
        Ok::<_, BuildError>((package.name.clone(), unpacked))
    })?;
    packages.extend(got);
    Ok(packages)
}

fn one(
    cache: &Cache,
    fetcher: &Fetcher,
    deb: &DebSource,
    package: &LockedDebPackage,
    told: Progress<'_>,
) -> Result<Package, BuildError> {
    let file = cache.aside();
    let what = || format!("{} {}", package.name, package.version);
    fetcher
        .package(deb, package, &file)
        .map_err(|source| BuildError::Fetch { what: what(), source })?;
    let unpacked = Package::unpack(cache, &file, &package.sha256, &package.name);
    // Its bytes are in the cache; a file that stays is rubbish that the next build is not hurt by.
    drop(fs::remove_file(&file));
    told(package);
    unpacked
}
