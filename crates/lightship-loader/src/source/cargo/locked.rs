//! `cargo` with a lock: the crate is compared before anything of it is built, and its
//! dependencies come from a `Cargo.lock`, its own or the lock's.

use std::fs;
use std::path::Path;

use lightship_model::lock::LockedCargo;
use lightship_model::manifest::CargoSource;

use super::registry::{self, Crate};
use super::{client, run_install};
use crate::install::{InstallError, Job, Outcome};
use crate::lock::cargo::with_source;
use crate::source::changed;

pub(super) fn install(
    job: &mut Job<'_>,
    cargo: &CargoSource,
    locked: &LockedCargo,
) -> Result<Outcome, InstallError> {
    let (package, version) = (&locked.package, &locked.version);
    let found = registry::fetch(job, package, version).map_err(|error| changed(job, error))?;
    compare(job, locked, &found)?;
    let mut command = client(job)?;
    match &locked.dependencies {
        None => drop(command.args(["install", package, "--version", version])),
        Some(text) => {
            let source = registry::source(job)?;
            let folder = unpack(job, &found, &with_source(text, &source))?;
            // As cargo has it for crates of a registry: their warnings are not ours.
            command.args(["--config", "build.rustflags=[\"--cap-lints\",\"allow\"]"]);
            command.args(["install", "--path"]).arg(folder);
        }
    }
    command.arg("--locked");
    let outcome = run_install(job, cargo, command).map_err(|error| changed(job, error))?;
    // It was in cargo's cache all the time; but nothing that was not locked gets a receipt.
    compare(job, locked, &registry::read(job, package, version)?)?;
    Ok(Outcome { version: Some(version.clone()), ..outcome })
}

fn compare(job: &Job<'_>, locked: &LockedCargo, found: &Crate) -> Result<(), InstallError> {
    if found.sha256 == locked.sha256 {
        return Ok(());
    }
    let file = found.file.file_name().unwrap_or_default().to_string_lossy();
    let what = format!("{file}: sha256 {}, locked {}", found.sha256, locked.sha256);
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
