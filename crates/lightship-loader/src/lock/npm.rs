//! npm packages: a `package-lock.json` by npm itself, stripped of everything that names a host.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use lightship_model::lock::{Gate, Locked, LockedNpm, Release, is_later};
use lightship_model::manifest::NpmSource;
use serde_json::{Map, Value};

use super::{Resolved, refused, time};
use crate::fetch::index;
use crate::install::{InstallError, Job};
use crate::source::npm::{client, project};

/// What `npm ci` needs to know of a package. Addresses, licences, funding and words of its
/// authors are not among it.
const NEEDED: [&str; 20] = [
    "name",
    "version",
    "integrity",
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bundleDependencies",
    "inBundle",
    "bin",
    "engines",
    "os",
    "cpu",
    "libc",
    "dev",
    "optional",
    "devOptional",
    "peer",
    "hasInstallScript",
    "hasShrinkwrap",
];

pub(super) fn resolve(
    job: &mut Job<'_>,
    npm: &NpmSource,
    gate: &Gate,
) -> Result<Resolved, InstallError> {
    let chosen = choose(job, npm, gate)?;
    let folder = job.stage_dir("project")?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(InstallError::io("write", path))
    };
    write("package.json", &project(job, npm, &chosen.version).to_string())?;
    if let Some(lock) = &npm.lock {
        write("package-lock.json", lock)?;
    }
    let mut command = client(job, "install", &folder)?;
    command.args(["--package-lock-only", "--ignore-scripts"]);
    if !gate.min_age.is_zero() {
        command.arg(format!("--before={}", gate.cutoff()));
    }
    job.run_shown(command, "resolve")?;
    let path = folder.join("package-lock.json");
    let bytes = fs::read(&path).map_err(InstallError::io("read", &path))?;
    let lock: Value = serde_json::from_slice(&bytes)
        .map_err(|error| InstallError::Recipe(format!("npm's lock is broken: {error}")))?;
    let lock = strip(&lock)?;
    check_ages(job, &lock, gate)?;
    let own = &lock["packages"][format!("node_modules/{}", npm.package)];
    let integrity = own["integrity"].as_str().unwrap_or_default().to_owned();
    let locked = LockedNpm {
        package: npm.package.clone(),
        version: chosen.version.clone(),
        integrity,
        lock: format!("{lock:#}\n"),
    };
    Ok(Resolved {
        version: Some(chosen.version),
        locked: Locked::Npm(locked),
        notes: chosen.note.into_iter().collect(),
    })
}

/// The version of the package itself: what is asked for by number or by tag, or the newest
/// that is old enough and not newer than what the registry calls the latest.
fn choose(
    job: &mut Job<'_>,
    npm: &NpmSource,
    gate: &Gate,
) -> Result<lightship_model::lock::Chosen, InstallError> {
    let asked = npm.version.clone().unwrap_or(job.tool.version.clone());
    let page = index::packument(job, &npm.package, !gate.min_age.is_zero())?;
    let releases = releases(&page);
    if releases.iter().any(|release| release.version == asked) {
        return gate.choose(&npm.package, &releases, Some(&asked)).map_err(refused);
    }
    let latest = page["dist-tags"]["latest"].as_str().unwrap_or_default();
    match page["dist-tags"][&asked].as_str() {
        Some(tagged) if asked != "latest" => {
            gate.choose(&npm.package, &releases, Some(tagged)).map_err(refused)
        }
        _ if asked == "latest" => {
            let not_later = |release: &Release| !is_later(&release.version, latest);
            let releases: Vec<Release> = releases.into_iter().filter(not_later).collect();
            gate.choose(&npm.package, &releases, None).map_err(refused)
        }
        _ => gate.choose(&npm.package, &releases, Some(&asked)).map_err(refused),
    }
}

fn releases(page: &Value) -> Vec<Release> {
    let versions = page["versions"].as_object().into_iter().flatten();
    versions
        .map(|(version, what)| Release {
            version: version.clone(),
            published: time(page["time"][version].as_str()),
            // npm's word for "don't use this one".
            yanked: what["deprecated"].is_string(),
        })
        .collect()
}

/// Every package of the tree has to be old enough.
fn check_ages(job: &mut Job<'_>, lock: &Value, gate: &Gate) -> Result<(), InstallError> {
    if gate.min_age.is_zero() {
        return Ok(());
    }
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, package) in packages(lock) {
        let version = package["version"].as_str().unwrap_or_default();
        names.entry(name(path, package)).or_default().insert(version.to_owned());
    }
    for (name, versions) in names {
        // Where nothing at all is younger, the short answer says so.
        let short = index::packument(job, &name, false)?;
        if time(short["modified"].as_str()).is_some_and(|modified| modified <= gate.cutoff()) {
            continue;
        }
        let page =
            if short["time"].is_object() { short } else { index::packument(job, &name, true)? };
        for version in versions {
            let published = time(page["time"][&version].as_str());
            if let Some(complaint) = gate.complaint(&format!("`{name}` {version}"), published) {
                return Err(refused(complaint));
            }
        }
    }
    Ok(())
}

/// The packages of a lock but its own project.
fn packages(lock: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let all = lock["packages"].as_object().into_iter().flatten();
    all.map(|(path, package)| (path.as_str(), package)).filter(|(path, _)| !path.is_empty())
}

/// A package's name: its directory's, unless it goes by another one there.
fn name(path: &str, package: &Value) -> String {
    let folder = path.rsplit("node_modules/").next().unwrap_or(path);
    package["name"].as_str().unwrap_or(folder).to_owned()
}

/// The lock with what is needed and no more.
fn strip(lock: &Value) -> Result<Value, InstallError> {
    let mut kept = Map::new();
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        let foreign = package["integrity"].as_str().is_none() && package["inBundle"] != true;
        if !path.is_empty() && foreign {
            let from = package["resolved"].as_str().unwrap_or("elsewhere");
            return Err(InstallError::Recipe(format!(
                "`{}` comes from {from} and not from the registry: a lock without hosts can't \
                 name it",
                name(path, package)
            )));
        }
        let package = package.as_object().into_iter().flatten();
        let needed = package.filter(|(key, _)| NEEDED.contains(&key.as_str()));
        let needed: Map<String, Value> =
            needed.map(|(key, value)| (key.clone(), value.clone())).collect();
        kept.insert(path.clone(), needed.into());
    }
    let mut whole = Map::new();
    for key in ["name", "lockfileVersion", "requires"] {
        whole.insert(key.to_owned(), lock[key].clone());
    }
    whole.insert("packages".to_owned(), kept.into());
    Ok(whole.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stripped_lock_names_no_host() {
        let lock = json!({
            "name": "x", "lockfileVersion": 3, "requires": true,
            "packages": {
                "": { "name": "x", "dependencies": { "a": "1.0.0" } },
                "node_modules/a": {
                    "version": "1.0.0", "resolved": "http://h/a.tgz", "integrity": "sha512-x",
                    "funding": { "url": "https://h" }, "bin": { "a": "a.js" },
                },
            },
        });
        let stripped = strip(&lock).unwrap();
        assert!(!stripped.to_string().contains("://"), "{stripped}");
        assert_eq!(stripped["packages"]["node_modules/a"]["bin"]["a"], "a.js");
    }

    #[test]
    fn a_package_that_is_in_no_registry_is_refused() {
        let from = json!({ "version": "1.0.0", "resolved": "git+ssh://h/a.git#1" });
        let lock = json!({ "packages": { "node_modules/@s/a": from } });
        let error = strip(&lock).unwrap_err().to_string();
        assert!(error.starts_with("`@s/a` comes from git+ssh"), "{error}");
    }

    #[test]
    fn an_alias_is_asked_for_under_its_own_name() {
        assert_eq!(name("node_modules/a/node_modules/@s/b", &json!({})), "@s/b");
        assert_eq!(name("node_modules/b", &json!({ "name": "c" })), "c");
    }
}
