//! `cargo` with a lock: the crate is compared before anything of it is built, and its
//! dependencies come from a `Cargo.lock`, its own or the lock's.

use std::path::Path;

use lightship_model::lock::LockedCargo;
use lightship_model::manifest::CargoSource;

use super::registry::{self, Crate};
use super::{client, run_install};
use crate::install::{InstallError, Job, Outcome};
use crate::lock::cargo::with_source;
use crate::source::changed;
use crate::store::disk as fs;

pub(super) fn install(
    job: &mut Job<'_>,
    cargo: &CargoSource,
    locked: &LockedCargo,
) -> Result<Outcome, InstallError> {
    let (package, version) = (&locked.package, &locked.version);
    let exact = format!("={version}");
    let found = registry::look_up(job, package, &exact).map_err(|error| changed(job, error))?;
    compare(job, locked, &found.checksum)?;
    let command = match &locked.dependencies {
        None => {
            let mut command = client(job)?;
            command.args(["install", package, "--version", version]);
            command
        }
        Some(text) => {
            let fetched = registry::fetch(job, package, version)?;
            compare(job, locked, fetched.sha256.as_str())?;
            let folder = unpack(job, &fetched, &with_source(text, &found.source))?;
            let mut command = client(job)?;
            // As cargo has it for crates of a registry: their warnings are not ours.
            command.args(["--config", "build.rustflags=[\"--cap-lints\",\"allow\"]"]);
            command.args(["install", "--path"]).arg(folder);
            command
        }
    };
    let outcome = run_install(job, cargo, command, true).map_err(|error| changed(job, error))?;
    // The registry may have changed its mind since; what was not locked gets no receipt.
    compare(job, locked, registry::read(job, package, version)?.sha256.as_str())?;
    Ok(Outcome { version: Some(version.clone()), ..outcome })
}

fn compare(job: &Job<'_>, locked: &LockedCargo, found: &str) -> Result<(), InstallError> {
    let LockedCargo { package, version, sha256, .. } = locked;
    if found == sha256.as_str() {
        return Ok(());
    }
    let what = format!("{package}-{version}.crate: sha256 {found}, locked {sha256}");
    Err(InstallError::Changed { tool: job.name().clone(), what })
}

/// A copy of the crate with that `Cargo.lock`.
fn unpack(job: &Job<'_>, found: &Crate, lock: &str) -> Result<std::path::PathBuf, InstallError> {
    let folder = job.stage.join("crate");
    copy(&found.folder, &folder)?;
    // cargo would read it here, as it does not for a crate of a registry.
    let settings = folder.join(".cargo");
    if settings.exists() {
        fs::remove_dir_all(&settings).map_err(InstallError::io("remove", &settings))?;
    }
    let path = folder.join("Cargo.lock");
    fs::write(&path, lock).map_err(InstallError::io("write", &path))?;
    Ok(folder)
}

/// Copies a directory of files and directories.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), InstallError> {
    fs::create_dir_all(to).map_err(InstallError::io("make", to))?;
    for entry in fs::read_dir(from).map_err(InstallError::io("read", from))?.flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).map_err(InstallError::io("copy", &from))?;
        }
    }
    Ok(())
}
