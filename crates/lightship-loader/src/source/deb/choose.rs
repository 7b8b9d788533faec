//! Choosing packages from a mirror's lists, in the form in which a lock holds them.

use lightship_debian::index::Package;
use lightship_debian::resolve::{Request, Without, resolve};
use lightship_model::lock::{LockedDeb, LockedDebPackage};
use lightship_model::manifest::DebSource;

use super::archive::{self, Archive, Origin};
use super::libc;
use crate::install::{InstallError, Job};

/// Packages that only scripts of packages need, which are not run.
const NEVER: [&str; 7] =
    ["debconf", "debconf-2.0", "dpkg", "init-system-helpers", "install-info", "ucf", "adduser"];

/// The packages, with the suite of each.
pub(crate) struct Choice {
    pub(crate) locked: LockedDeb,
    pub(crate) origins: Vec<Origin>,
    /// All suites that were read.
    pub(crate) suites: Vec<Origin>,
}

/// The packages that `deb` means now on this machine.
pub(crate) fn choose(job: &mut Job<'_>, deb: &DebSource) -> Result<Choice, InstallError> {
    choose_for(job, deb, &Without::new(), super::arch()?)
}

/// The same for another architecture, and for packages that can do without others.
pub(crate) fn choose_for(
    job: &mut Job<'_>,
    deb: &DebSource,
    without_of: &Without,
    arch: &str,
) -> Result<Choice, InstallError> {
    let archive = archive::open(job, deb, arch)?;
    let without = deb.without.iter().map(String::as_str).chain(NEVER);
    let request = Request {
        packages: deb.packages.clone(),
        without: without.map(str::to_owned).collect(),
        without_of: without_of.clone(),
    };
    let chosen = resolve(&archive.index, &request)
        .map_err(|error| InstallError::Recipe(format!("its packages: {error}")))?;
    let mut packages = Vec::new();
    let mut origins = Vec::new();
    for id in &chosen {
        let (package, origin) = exact(&archive, &archive.index.get(*id))?;
        packages.push(package);
        origins.push(origin);
    }
    let release = origins.iter().map(|origin| origin.released).max();
    // In whole seconds, as archives have it.
    let release = release.map(|at| at.to_string().replace(".000Z", "Z"));
    let libc = libc::needed(&archive.index, &chosen);
    let suites = archive.suites().to_vec();
    Ok(Choice { locked: LockedDeb { release, libc, packages }, origins, suites })
}

fn exact(
    archive: &Archive,
    package: &Package<'_>,
) -> Result<(LockedDebPackage, Origin), InstallError> {
    let no_file = || InstallError::Recipe(format!("the archive has no file of `{}`", package.name));
    let origin = archive.origin(package.archive).ok_or_else(no_file)?;
    let exact = LockedDebPackage {
        name: package.name.to_owned(),
        version: package.version.to_owned(),
        arch: package.arch.to_owned(),
        size: package.size,
        sha256: package.sha256().ok_or_else(no_file)?,
        archive: origin.archive,
        path: package.filename.to_owned(),
    };
    Ok((exact, origin.clone()))
}
