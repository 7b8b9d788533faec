//! `deb`: Debian packages with all that they need, in a root inside the tool's prefix, made to
//! run from there. Verified from the archive's signature down to each file; no script of theirs
//! is run.
//!
//! ```text
//! PREFIX/root/usr/…   the packages' files, usr-merged
//! PREFIX/lib/         links to the libraries, without those of the C library: programs use the
//!                     machine's, with which they share a process
//! PREFIX/bin/         links to the programs, or small scripts for those that must be told where
//!                     their parts are
//! PREFIX/packages     what was unpacked: name, version, architecture, digest
//! ```

mod archive;
mod certificates;
mod choose;
mod elf;
mod launcher;
mod libc;
mod libraries;
mod mirror;
mod packages;
mod programs;
pub(crate) mod unpack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lightship_model::event::Phase;
use lightship_model::lock::{Locked, LockedDeb};
use lightship_model::manifest::{DebSource, Registries};

pub(crate) use self::archive::{Archives, Origin};
pub(crate) use self::choose::{Choice, choose, choose_for};
pub(crate) use self::packages::fetch_one;
use crate::install::{InstallError, Job, Outcome};
use crate::store::disk as fs;

/// The parts of a tool's prefix.
struct Layout {
    prefix: PathBuf,
    root: PathBuf,
    lib: PathBuf,
    bin: PathBuf,
    /// `x86_64-linux-gnu`.
    triplet: &'static str,
}

impl Layout {
    fn new(prefix: &Path) -> Result<Self, InstallError> {
        let triplet = triplet()?;
        let layout = Self {
            prefix: prefix.to_owned(),
            root: prefix.join("root"),
            lib: prefix.join("lib"),
            bin: prefix.join("bin"),
            triplet,
        };
        for folder in [&layout.root.join("usr"), &layout.lib, &layout.bin] {
            fs::create_dir_all(folder).map_err(InstallError::io("make", folder))?;
        }
        Ok(layout)
    }
}

fn triplet() -> Result<&'static str, InstallError> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x86_64-linux-gnu"),
        "aarch64" => Ok("aarch64-linux-gnu"),
        other => Err(InstallError::Recipe(format!("a `deb` tool can't be installed on {other}"))),
    }
}

/// The addresses of the release files that `deb` is installed from: the first one of each archive.
pub(crate) fn releases(
    deb: &DebSource,
    registries: &Registries,
) -> Result<Vec<String>, InstallError> {
    let mirror = mirror::of(deb, registries)?;
    let mut suites = mirror.suites;
    suites.dedup_by(|next, before| next.archive == before.archive);
    let address = |suite: &mirror::Suite| {
        format!("{}/dists/{}/InRelease", mirror.addresses.of(suite.archive), suite.name)
    };
    Ok(suites.iter().map(address).collect())
}

/// Debian's name of the architecture.
fn arch() -> Result<&'static str, InstallError> {
    Ok(if triplet()?.starts_with("x86_64") { "amd64" } else { "arm64" })
}

pub(super) fn install(job: &mut Job<'_>, deb: &DebSource) -> Result<Outcome, InstallError> {
    let layout = Layout::new(&job.prefix)?;
    job.phase(Phase::Downloading);
    let (packages, is_locked) = match &job.tool.locked {
        Some(Locked::Deb(locked)) => (locked.clone(), true),
        _ => (choose(job, deb)?.locked, false),
    };
    is_for_this_machine(&packages)?;
    let files = packages::fetch(job, deb, &packages, is_locked)?;
    job.phase(Phase::Unpacking);
    let unpacked = packages::unpack(job, &packages.packages, files, &layout)?;
    job.phase(Phase::Installing);
    libraries::link(&layout, &unpacked)?;
    libraries::find_their_libraries(&layout, &unpacked)?;
    certificates::bundle(&layout)?;
    programs::publish(job, &layout, &unpacked, &named(deb))?;
    outcome(job, deb, &packages)
}

/// Whether these packages can run here; of use before they are installed.
pub(crate) fn is_for_this_machine(packages: &LockedDeb) -> Result<(), InstallError> {
    let arch = arch()?;
    let other = packages.packages.iter().find(|package| ![arch, "all"].contains(&&*package.arch));
    if let Some(other) = other {
        return Err(InstallError::Recipe(format!(
            "`{}` is for {}, and this machine is {arch}: make the lock on a machine like this one",
            other.name, other.arch
        )));
    }
    libc::check(packages.libc.as_deref())
}

/// The packages that the manifest asks for, without their versions.
fn named(deb: &DebSource) -> Vec<&str> {
    deb.packages.iter().map(|text| text.split('=').next().unwrap_or_default()).collect()
}

/// The version of the first package that the manifest names.
pub(crate) fn version(deb: &DebSource, packages: &LockedDeb) -> Option<String> {
    let first = *named(deb).first()?;
    let package = packages.packages.iter().find(|package| package.name == first)?;
    Some(lightship_debian::version::upstream(&package.version).to_owned())
}

fn outcome(job: &Job<'_>, deb: &DebSource, packages: &LockedDeb) -> Result<Outcome, InstallError> {
    let exports = deb
        .exports
        .iter()
        .map(|(name, value)| Ok((name.clone(), job.expand(value)?)))
        .collect::<Result<BTreeMap<_, _>, InstallError>>()?;
    Ok(Outcome { version: version(deb, packages), exports, ..Outcome::default() })
}
