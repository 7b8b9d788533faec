//! Crates: the version from the registry's index, the digest from the file itself, and a
//! `Cargo.lock` where the crate ships none.

use std::fs;

use lightship_model::lock::{Gate, Locked, LockedCargo, Release};
use lightship_model::manifest::CargoSource;
use serde_json::Value;

use super::{Resolved, refused, time};
use crate::install::{InstallError, Job};
use crate::source::cargo::locked::copy;
use crate::source::cargo::{client, registry};

/// Stands in a lock where a `Cargo.lock` has the registry's address.
const SOURCE: &str = "registry";

pub(super) fn resolve(
    job: &mut Job<'_>,
    cargo: &CargoSource,
    gate: &Gate,
) -> Result<Resolved, InstallError> {
    let package = &cargo.package;
    let pinned = cargo.version.clone().or_else(|| {
        let version = &job.tool.version;
        (version != "latest").then(|| version.clone())
    });
    let requirement = pinned.as_ref().map_or("*".to_owned(), |version| format!("={version}"));
    let found = registry::look_up(job, package, &requirement)?;
    let releases: Vec<Release> = registry::versions(job, package).iter().map(release).collect();
    let chosen = gate.choose(package, &releases, pinned.as_deref()).map_err(refused)?;
    let version = chosen.version;
    let source = found.source;
    let found = registry::fetch(job, package, &version)?;
    let mut notes: Vec<String> = chosen.note.into_iter().collect();
    let ships = found.folder.join("Cargo.lock").is_file();
    let dependencies = if cargo.locked && ships {
        None
    } else {
        let folder = job.stage.join("crate");
        copy(&found.folder, &folder)?;
        Some(dependencies(job, package, &source, gate)?)
    };
    if cargo.locked && !ships {
        notes.push(format!("`{package}` {version} ships no Cargo.lock: one was made"));
    }
    let locked = LockedCargo {
        package: package.clone(),
        version: version.clone(),
        sha256: found.sha256,
        size: found.size,
        dependencies,
    };
    Ok(Resolved { version: Some(version), locked: Locked::Cargo(locked), notes })
}

fn release(line: &Value) -> Release {
    Release {
        version: line["vers"].as_str().unwrap_or_default().to_owned(),
        published: time(line["pubtime"].as_str()),
        yanked: line["yanked"] == true,
    }
}

/// The text of a `Cargo.lock` for the crate in the stage's `crate`, without hosts.
fn dependencies(
    job: &mut Job<'_>,
    package: &str,
    source: &str,
    gate: &Gate,
) -> Result<String, InstallError> {
    let folder = job.stage.join("crate");
    let path = folder.join("Cargo.lock");
    // Made for other circumstances, or not there.
    drop(fs::remove_file(&path));
    let mut command = client(job)?;
    command.args(["generate-lockfile", "--quiet", "--manifest-path"]);
    command.arg(folder.join("Cargo.toml"));
    job.run_shown(command, "resolve a crate's dependencies")?;
    let text = fs::read_to_string(&path).map_err(InstallError::io("read", &path))?;
    for (name, version) in packages(&text).filter(|(name, _)| *name != package) {
        let lines = registry::versions(job, name);
        let published = lines.iter().find(|line| line["vers"] == version).map(release);
        let what = format!("`{name}` {version}, which `{package}` depends on,");
        let published = published.and_then(|release| release.published);
        if let Some(complaint) = gate.complaint(&what, published) {
            return Err(refused(format!(
                "{complaint}. Use the crate's own Cargo.lock (`locked = true`), wait, or lower \
                 --min-age"
            )));
        }
    }
    let text = text.replace(&format!("\"{source}\""), &format!("\"{SOURCE}\""));
    match text.lines().find(|line| line.contains("://")) {
        None => Ok(text),
        Some(line) => Err(InstallError::Recipe(format!(
            "`{package}` depends on what is not in the registry ({}), which a lock without hosts \
             can't name",
            line.trim()
        ))),
    }
}

/// A `Cargo.lock` as cargo reads it, out of one of a lock.
pub(crate) fn with_source(text: &str, source: &str) -> String {
    text.replace(&format!("source = \"{SOURCE}\""), &format!("source = \"{source}\""))
}

/// Name and version of each package of a `Cargo.lock`.
fn packages(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let blocks = text.split("[[package]]").skip(1);
    blocks.filter_map(|block| {
        Some((registry::value(block, "name")?, registry::value(block, "version")?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_a_cargo_lock_are_found() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"b\"\nversion = \"0.2.1\"\nsource = \"x\"\n";
        assert_eq!(packages(text).collect::<Vec<_>>(), [("a", "1.0.0"), ("b", "0.2.1")]);
    }

    #[test]
    fn a_registrys_name_is_put_back_where_it_was_taken_out() {
        let text = "name = \"registry\"\nsource = \"registry\"\n";
        assert_eq!(with_source(text, "r+s"), "name = \"registry\"\nsource = \"r+s\"\n");
    }
}
