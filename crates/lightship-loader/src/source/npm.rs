//! `npm`: a project of the tool's own with the package as its one dependency, so that
//! `overrides` and a lock work as npm's users know them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use lightship_model::event::Phase;
use lightship_model::lock::Locked;
use lightship_model::manifest::NpmSource;
use serde_json::{Value, json};

use crate::install::{InstallError, Job, Outcome};
use crate::source::changed;
use crate::store::disk as fs;

const HELP: &str = "an npm tool needs Node.js with npm: add a tool that brings it to \
                    `requires`, as the built-in manifest `quickstart` does, or install Node.js";

pub(super) fn install(job: &mut Job<'_>, npm: &NpmSource) -> Result<Outcome, InstallError> {
    let (version, lock) = match &job.tool.locked {
        Some(Locked::Npm(locked)) => (locked.version.clone(), Some(locked.lock.clone())),
        _ => (npm.version.clone().unwrap_or(job.tool.version.clone()), npm.lock.clone()),
    };
    write(&job.prefix.join("package.json"), &project(job, npm, &version).to_string())?;
    if let Some(lock) = &lock {
        write(&job.prefix.join("package-lock.json"), lock)?;
    }
    let mut command = client(job, if lock.is_some() { "ci" } else { "install" }, &job.prefix)?;
    if !npm.scripts {
        command.arg("--ignore-scripts");
    }
    job.phase(Phase::Installing);
    job.run_shown(command, "install").map_err(|error| changed(job, error))?;
    let package = job.prefix.join("node_modules").join(&npm.package);
    let description = read(&package.join("package.json"))?;
    let programs = link_programs(&job.prefix, &npm.package, &description)?;
    Ok(Outcome {
        version: description["version"].as_str().map(str::to_owned),
        programs: Some(programs),
        ..Outcome::default()
    })
}

/// An npm that does `verb` in `folder`, with a cache of the attempt's own.
pub(crate) fn client(job: &Job<'_>, verb: &str, folder: &Path) -> Result<Command, InstallError> {
    let cache = job.stage_dir("npm")?;
    let mut command = job.command("npm", HELP)?;
    command.arg(verb);
    command.args(["--no-audit", "--no-fund", "--no-progress", "--omit=dev", "--prefix"]);
    command.arg(folder).arg("--cache").arg(cache);
    if let Some(registry) = &job.runner.environment.registries.npm {
        command.args(["--registry", registry]);
    }
    command.env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
    Ok(command)
}

/// The package.json of the tool's own project.
pub(crate) fn project(job: &Job<'_>, npm: &NpmSource, version: &str) -> Value {
    let mut dependencies = npm.with.clone();
    dependencies.insert(npm.package.clone(), version.to_owned());
    json!({
        "name": format!("lightship-{}", job.name()),
        "private": true,
        "dependencies": dependencies,
        "overrides": npm.overrides,
    })
}

/// Links the package's own programs into the prefix's `bin`, and gives their names.
fn link_programs(
    prefix: &Path,
    package: &str,
    description: &Value,
) -> Result<Vec<String>, InstallError> {
    let bin = prefix.join("bin");
    fs::create_dir_all(&bin).map_err(InstallError::io("make", &bin))?;
    let programs = programs(package, description);
    for (name, file) in &programs {
        let link = bin.join(name);
        let target = Path::new("../node_modules").join(package).join(file);
        fs::symlink(target, &link).map_err(InstallError::io("link", link))?;
    }
    Ok(programs.into_keys().collect())
}

/// The `bin` of a package.json: a table, or one file that is called as the package.
fn programs(package: &str, description: &Value) -> BTreeMap<String, PathBuf> {
    let plain = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    let inside = |file: &str| {
        let path = PathBuf::from(file.trim_start_matches("./"));
        let stays = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        stays.then_some(path)
    };
    match &description["bin"] {
        Value::String(file) => {
            inside(file).map(|file| (plain(package), file)).into_iter().collect()
        }
        Value::Object(bins) => bins
            .iter()
            .filter_map(|(name, file)| Some((plain(name), inside(file.as_str()?)?)))
            .collect(),
        _ => BTreeMap::new(),
    }
}

fn write(path: &Path, text: &str) -> Result<(), InstallError> {
    fs::write(path, text).map_err(InstallError::io("write", path))
}

fn read(path: &Path) -> Result<Value, InstallError> {
    let bytes = fs::read(path).map_err(InstallError::io("read", path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| InstallError::Result(format!("its package.json is broken: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_from_both_forms_and_can_not_leave_the_package() {
        let names = |value: Value| programs("@scope/tool", &value).into_keys().collect::<Vec<_>>();
        assert_eq!(names(json!({ "bin": "./cli.js" })), ["tool"]);
        assert_eq!(names(json!({ "bin": { "a": "bin/a.js", "b": "../../x" } })), ["a"]);
        assert_eq!(names(json!({ "bin": "/bin/sh" })), Vec::<String>::new());
        assert_eq!(names(json!({})), Vec::<String>::new());
    }
}
