//! Python packages: versions from uv or pip, then each version's files, with digests, sizes
//! and times, from the index.

use std::collections::BTreeMap;
use std::fs;

use lightship_model::lock::{Gate, Locked, LockedFile, LockedPackage};
use lightship_model::manifest::PipSource;
use lightship_model::time::Timestamp;
use serde_json::Value;

use super::{Resolved, refused, time};
use crate::fetch::index;
use crate::install::{InstallError, Job};
use crate::python::Python;
use crate::source::pip::{HELP, is_wheel, normal, requirements, uv, uv_index};

/// How often what is too young is set aside and the rest resolved again.
const ROUNDS: usize = 12;

/// Name → version.
type Versions = BTreeMap<String, String>;

pub(super) fn resolve(
    job: &mut Job<'_>,
    pip: &PipSource,
    gate: &Gate,
) -> Result<Resolved, InstallError> {
    let python = job.runner.machines_python(HELP)?;
    let own = normal(&pip.package);
    let mut aside: Vec<(String, String)> = Vec::new();
    let mut notes = Vec::new();
    for _ in 0..ROUNDS {
        let found = versions(job, pip, &python, &aside).map_err(|error| explain(error, &notes))?;
        let mut packages = Vec::new();
        let mut young = Vec::new();
        for (name, version) in &found {
            let page = index::python_page(job, name)?;
            let (files, published) = files(&page, version);
            if files.is_empty() {
                return Err(InstallError::Recipe(format!(
                    "the index names no file with a sha256 digest for `{name}` {version} on this \
                     platform"
                )));
            }
            let complaint = gate.complaint(&format!("`{name}` {version}"), published);
            if let Some(complaint) = complaint {
                if published.is_none() || is_pinned(job, pip, name, version) {
                    return Err(refused(complaint + &advice(&page, gate)));
                }
                young.push((name.clone(), version.clone(), complaint));
            }
            packages.push(LockedPackage { name: name.clone(), version: version.clone(), files });
        }
        if young.is_empty() {
            notes.extend(sources(&packages));
            let version = found.get(&own).cloned();
            return Ok(Resolved { version, locked: Locked::Pip(packages), notes });
        }
        for (name, version, complaint) in young {
            notes.push(format!("{complaint}: an older one is taken"));
            aside.push((name, version));
        }
    }
    Err(explain(refused("too many releases are too young"), &notes))
}

/// An error that comes of setting young releases aside says so.
fn explain(error: InstallError, notes: &[String]) -> InstallError {
    match notes.first() {
        None => error,
        Some(note) => {
            let reason = note.strip_suffix(": an older one is taken").unwrap_or(note);
            let error = crate::chain(&error);
            refused(format!("{reason}, and without it: {error}. Wait, or lower --min-age"))
        }
    }
}

/// Whether the manifest itself asks for that version of the tool's package.
fn is_pinned(job: &Job<'_>, pip: &PipSource, name: &str, version: &str) -> bool {
    let wanted = pip.version.as_deref().unwrap_or(&job.tool.version);
    name == normal(&pip.package) && wanted == version
}

/// What would do instead, if anything does.
fn advice(page: &Value, gate: &Gate) -> String {
    let all = page["files"].as_array().map_or(&[][..], Vec::as_slice);
    let newest = all
        .iter()
        .filter_map(|file| Some((time(file["upload-time"].as_str())?, file)))
        .filter(|(at, file)| *at <= gate.cutoff() && file["yanked"].as_str().is_none())
        .max_by_key(|(at, _)| *at)
        .and_then(|(_, file)| version_of(file["filename"].as_str()?));
    match newest {
        Some(version) => format!(
            "; the newest that is old enough is {version}. Lock that one, wait, or lower --min-age"
        ),
        None => String::new(),
    }
}

/// What the client would install without the releases in `aside`.
fn versions(
    job: &mut Job<'_>,
    pip: &PipSource,
    python: &Python,
    aside: &[(String, String)],
) -> Result<Versions, InstallError> {
    let write = |job: &Job<'_>, name: &str, lines: &[String]| {
        let path = job.stage.join(name);
        let text = lines.join("\n") + "\n";
        fs::write(&path, text).map_err(InstallError::io("write", &path)).map(|()| path)
    };
    let wanted = write(job, "wanted.in", &requirements(job, pip))?;
    let not: Vec<String> =
        aside.iter().map(|(name, version)| format!("{name}!={version}")).collect();
    let not = write(job, "not.in", &not)?;
    if let Some(uv) = uv(job) {
        let index = uv_index(job)?;
        let mut command = job.command(&uv, HELP)?;
        command.args(["pip", "compile", "--no-config", "--no-header", "--no-annotate", "--quiet"]);
        command.arg("--python").arg(&python.executable).arg("-c").arg(not).arg(wanted);
        command.arg("-o").arg(job.stage.join("found.txt"));
        command.env("UV_CACHE_DIR", job.stage_dir("uv")?);
        if let Some(index) = index {
            command.env("UV_DEFAULT_INDEX", index);
        }
        let path = job.stage.join("found.txt");
        // What a round before found would be kept where it still fits.
        drop(fs::remove_file(&path));
        job.run_shown(command, "resolve")?;
        let text = fs::read_to_string(&path).map_err(InstallError::io("read", &path))?;
        return compiled(&text);
    }
    let mut command = job.command(&python.executable.display().to_string(), HELP)?;
    let report = job.stage.join("report.json");
    command.args(["-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]);
    command.args(["--no-input", "--no-cache-dir", "--disable-pip-version-check"]);
    command.args(["--progress-bar", "off", "--report"]).arg(&report);
    if let Some(index) = &job.runner.environment.registries.pip {
        command.args(["--index-url", index]);
    }
    command.arg("-c").arg(not).arg("-r").arg(wanted);
    job.run_shown(command, "resolve")?;
    let bytes = fs::read(&report).map_err(InstallError::io("read", &report))?;
    let report: Value = serde_json::from_slice(&bytes)
        .map_err(|error| InstallError::Recipe(format!("pip's report is broken: {error}")))?;
    reported(&report)
}

/// The lines `name==version` that uv writes.
fn compiled(text: &str) -> Result<Versions, InstallError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let requirement = line.split(';').next().unwrap_or_default().trim();
            let (name, version) = requirement.split_once("==").ok_or_else(|| elsewhere(line))?;
            let name = name.split('[').next().unwrap_or_default();
            Ok((normal(name), version.trim().to_owned()))
        })
        .collect()
}

/// The packages of pip's report.
fn reported(report: &Value) -> Result<Versions, InstallError> {
    let list = report["install"].as_array().map_or(&[][..], Vec::as_slice);
    list.iter()
        .map(|item| {
            let text = |key: &str| item["metadata"][key].as_str().unwrap_or_default();
            if item["is_direct"] == true {
                return Err(elsewhere(text("name")));
            }
            Ok((normal(text("name")), text("version").to_owned()))
        })
        .collect()
}

fn elsewhere(what: &str) -> InstallError {
    InstallError::Recipe(format!(
        "`{what}` does not come from an index, and a lock without hosts can't name it"
    ))
}

/// The files of a version that fit this machine, and when the last of them was published: an
/// old release may get a new file. Sources count where there is no wheel.
fn files(page: &Value, version: &str) -> (Vec<LockedFile>, Option<Timestamp>) {
    let all = page["files"].as_array().map_or(&[][..], Vec::as_slice);
    let mut found: Vec<(LockedFile, Option<Timestamp>)> = all
        .iter()
        .filter_map(|file| {
            let name = file["filename"].as_str()?;
            let same = version_of(name).is_some_and(|found| same_version(found, version));
            let sha256 = file["hashes"]["sha256"].as_str()?.parse().ok()?;
            let locked = LockedFile { name: name.to_owned(), size: file["size"].as_u64(), sha256 };
            (same && fits(name)).then(|| (locked, time(file["upload-time"].as_str())))
        })
        .collect();
    if found.iter().any(|(file, _)| is_wheel(&file.name)) {
        found.retain(|(file, _)| is_wheel(&file.name));
    }
    found.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let known = found.iter().all(|(_, published)| published.is_some());
    let published = found.iter().filter_map(|(_, published)| *published).max();
    let published = published.filter(|_| known);
    (found.into_iter().map(|(file, _)| file).collect(), published)
}

/// Whether a wheel is for this system and processor, whatever Python it is for; a source is.
fn fits(name: &str) -> bool {
    let Some(tags) = name.strip_suffix(".whl").and_then(|stem| stem.rsplit('-').next()) else {
        return source_stem(name).is_some();
    };
    let ours =
        |tag: &str| tag == "any" || tag.contains("linux") && tag.ends_with(std::env::consts::ARCH);
    tags.split('.').any(ours)
}

/// The version in a file's name: `NAME-VERSION-….whl`, `NAME-VERSION.tar.gz`.
fn version_of(file: &str) -> Option<&str> {
    if is_wheel(file) {
        return file.split('-').nth(1);
    }
    source_stem(file)?.rsplit_once('-').map(|(_, version)| version)
}

fn source_stem(file: &str) -> Option<&str> {
    file.strip_suffix(".tar.gz").or_else(|| file.strip_suffix(".zip"))
}

/// Whether two spellings name one version: `1.0` and `1.0.0` do, `1.0+A` and `1.0+a` too.
fn same_version(a: &str, b: &str) -> bool {
    let plain = |version: &str| version.to_ascii_lowercase().replace('_', "+");
    plain(a) == plain(b) || trimmed(&plain(a)) == trimmed(&plain(b))
}

/// Without trailing zeros: files may be named after `1.0` where the index says `1.0.0`.
fn trimmed(version: &str) -> &str {
    let mut version = version;
    while let Some(shorter) = version.strip_suffix(".0") {
        version = shorter;
    }
    version
}

/// What is built from source on the way: what that needs is not locked.
fn sources(packages: &[LockedPackage]) -> Vec<String> {
    let built = |package: &&LockedPackage| !package.files.iter().all(|file| is_wheel(&file.name));
    let note = |package: &LockedPackage| {
        format!(
            "`{}` {} has no wheel for this platform: what its build needs is not locked",
            package.name, package.version
        )
    };
    packages.iter().filter(built).map(note).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wheels_of_other_systems_are_no_files_of_ours_and_sources_come_last() {
        let arch = std::env::consts::ARCH;
        let sha256 = "0".repeat(64);
        let file = |name: String| json!({ "filename": name, "hashes": { "sha256": sha256 } });
        let names = [
            format!("a-1.0-cp311-cp311-manylinux_2_17_{arch}.manylinux2014_{arch}.whl"),
            "a-1.0-cp311-cp311-macosx_11_0_arm64.whl".to_owned(),
            "a-1.0-cp311-cp311-win_amd64.whl".to_owned(),
            "a-1.0.tar.gz".to_owned(),
            "a-1.1-py3-none-any.whl".to_owned(),
        ];
        let page = json!({ "files": names.map(file) });
        let of = |version| files(&page, version).0.into_iter().map(|f| f.name).collect::<Vec<_>>();
        assert_eq!(of("1.0").len(), 1);
        assert!(of("1.0")[0].contains("manylinux"), "{:?}", of("1.0"));
        assert_eq!(of("1.1"), ["a-1.1-py3-none-any.whl"]);
        assert_eq!(of("2.0"), Vec::<String>::new());
    }

    #[test]
    fn a_version_is_as_young_as_its_youngest_file() {
        let sha256 = "0".repeat(64);
        let file = |tag: &str, time: Option<&str>| {
            json!({ "filename": format!("a-1.0-{tag}-none-any.whl"),
                    "hashes": { "sha256": sha256 }, "upload-time": time })
        };
        let old = file("py2", Some("2020-01-01T00:00:00Z"));
        let page = json!({ "files": [old, file("py3", Some("2026-01-01T00:00:00Z"))] });
        assert_eq!(files(&page, "1.0").1, time(Some("2026-01-01T00:00:00Z")));
        let page = json!({ "files": [old, file("py3", None)] });
        assert_eq!(files(&page, "1.0").1, None);
    }

    #[test]
    fn what_uv_and_pip_found_is_read_and_what_is_elsewhere_refused() {
        let text = "# c\nSix==1.17.0\ntorch[x]==2.9.0+cpu ; python_version > '3'\n";
        let found = compiled(text).unwrap();
        assert_eq!(found["six"], "1.17.0");
        assert_eq!(found["torch"], "2.9.0+cpu");
        assert!(compiled("a @ https://x/a.whl\n").is_err());
        let item = json!({ "metadata": { "name": "A_b", "version": "1" }, "is_direct": false });
        assert_eq!(reported(&json!({ "install": [item] })).unwrap()["a-b"], "1");
        assert!(reported(&json!({ "install": [{ "is_direct": true }] })).is_err());
    }
}
