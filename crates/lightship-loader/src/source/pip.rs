//! `pip`: a virtual environment at the tool's prefix, filled by uv where it is there, else by
//! the machine's pip.

use std::path::{Path, PathBuf};

use lightship_model::event::Phase;
use lightship_model::lock::{Locked, LockedFile, LockedPackage};
use lightship_model::manifest::PipSource;
use lightship_model::receipt::PythonLibrary;

use crate::fetch::clients;
use crate::install::{InstallError, Job, Outcome};
use crate::python::Python;
use crate::source::changed;
use crate::store::disk as fs;

pub(crate) const HELP: &str = "a pip tool needs Python 3: add a tool that brings it to `requires`, as the \
                    built-in manifest `loa` does, or install python3";

pub(super) fn install(job: &mut Job<'_>, pip: &PipSource) -> Result<Outcome, InstallError> {
    let python = job.python(HELP)?;
    job.phase(Phase::Installing);
    let wanted = match &job.tool.locked {
        Some(Locked::Pip(packages)) => pinned(job, packages)?,
        _ => requirements(job, pip),
    };
    let installed = match uv(job) {
        Some(uv) => with_uv(job, &wanted, &python, &uv),
        None => with_pip(job, &wanted, &python),
    };
    installed.map_err(|error| changed(job, error))?;
    let site = site(&job.prefix)?;
    let own = distribution(&site, &pip.package)?;
    let library = pip.library.unwrap_or(own.programs.is_empty());
    let relative = site.strip_prefix(&job.prefix).unwrap_or(&site).display().to_string();
    Ok(Outcome {
        version: Some(own.version),
        programs: Some(own.programs),
        library: library.then_some(PythonLibrary { tag: python.tag, site: relative }),
        ..Outcome::default()
    })
}

/// uv among what the tool requires, on the machine, or already published by the loader.
pub(crate) fn uv(job: &Job<'_>) -> Option<String> {
    if let Ok(command) = job.command("uv", "") {
        return Some(command.get_program().to_string_lossy().into_owned());
    }
    let published = job.runner.dir.bin().join("uv");
    let there = crate::store::check::executable(&published).is_some();
    there.then(|| published.display().to_string())
}

/// The arguments for exactly the files of a lock: nothing is resolved, and nothing else passes.
fn pinned(job: &Job<'_>, packages: &[LockedPackage]) -> Result<Vec<String>, InstallError> {
    let line = |package: &LockedPackage| {
        let hash = |file: &LockedFile| format!(" --hash=sha256:{}", file.sha256);
        let hashes: String = package.files.iter().map(hash).collect();
        format!("{}=={}{hashes}\n", package.name, package.version)
    };
    let text: String = packages.iter().map(line).collect();
    let path = job.stage.join("requirements.txt");
    fs::write(&path, text).map_err(InstallError::io("write", &path))?;
    let mut arguments = vec!["--require-hashes".to_owned(), "--no-deps".to_owned()];
    // Building a source would fetch what no lock names.
    if packages.iter().flat_map(|package| &package.files).all(|file| is_wheel(&file.name)) {
        arguments.extend(["--only-binary".to_owned(), ":all:".to_owned()]);
    }
    arguments.extend(["-r".to_owned(), path.display().to_string()]);
    Ok(arguments)
}

pub(crate) fn is_wheel(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "whl")
}

pub(crate) fn requirements(job: &Job<'_>, pip: &PipSource) -> Vec<String> {
    let extras = match pip.extras.as_slice() {
        [] => String::new(),
        extras => format!("[{}]", extras.join(",")),
    };
    let version = pip.version.as_deref().unwrap_or(&job.tool.version);
    let version = if version == "latest" { String::new() } else { format!("=={version}") };
    let own = format!("{}{extras}{version}", pip.package);
    std::iter::once(own).chain(pip.with.iter().cloned()).collect()
}

fn with_uv(
    job: &mut Job<'_>,
    wanted: &[String],
    python: &Python,
    uv: &str,
) -> Result<(), InstallError> {
    let index = uv_index(job)?;
    let cache = job.stage_dir("uv")?;
    let mut venv = job.command(uv, HELP)?;
    venv.args(["venv", "--quiet", "--no-config", "--no-project", "--python"]);
    venv.arg(&python.executable).arg(&job.prefix).env("UV_CACHE_DIR", &cache);
    venv.args(["--allow-existing"]);
    job.run_shown(venv, "make a virtual environment")?;

    let mut install = job.command(uv, HELP)?;
    install.args(["pip", "install", "--no-config", "--no-progress", "--compile-bytecode"]);
    // The cache is in the stage, on the store's own file system: links, and no second copy.
    install.args(["--link-mode", "hardlink", "--python"]).arg(job.prefix.join("bin/python"));
    install.args(wanted).env("UV_CACHE_DIR", &cache);
    if let Some(index) = index {
        install.env("UV_DEFAULT_INDEX", index);
    }
    job.run_shown(install, "install")
}

/// uv reads neither pip's variables nor its files: it is told what pip would do.
pub(crate) fn uv_index(job: &mut Job<'_>) -> Result<Option<String>, InstallError> {
    match job.runner.environment.var("UV_DEFAULT_INDEX") {
        Some(index) => Ok(Some(index)),
        None => clients::pip_index(job),
    }
}

fn with_pip(job: &mut Job<'_>, wanted: &[String], python: &Python) -> Result<(), InstallError> {
    let program = python.executable.display().to_string();
    let mut venv = job.command(&program, HELP)?;
    // Without pip in it: that needs ensurepip, which Debian's Python lacks, and takes seconds.
    venv.args(["-m", "venv", "--without-pip"]).arg(&job.prefix);
    job.run_shown(venv, "make a virtual environment")?;

    let mut install = job.command(&program, HELP)?;
    install.args(["-m", "pip", "--python"]).arg(job.prefix.join("bin/python"));
    install.args(["install", "--no-input", "--no-cache-dir", "--progress-bar", "off"]);
    install.args(["--disable-pip-version-check"]);
    if let Some(index) = &job.runner.environment.registries.pip {
        install.args(["--index-url", index]);
    }
    install.args(wanted);
    job.run_shown(install, "install")
}

/// `lib/python3.X/site-packages` of a virtual environment.
fn site(prefix: &Path) -> Result<PathBuf, InstallError> {
    let lib = prefix.join("lib");
    fs::read_dir(&lib)
        .map_err(InstallError::io("read", &lib))?
        .flatten()
        .map(|entry| entry.path().join("site-packages"))
        .find(|site| site.is_dir())
        .ok_or_else(|| InstallError::Result("it made no site-packages directory".to_owned()))
}

/// What an installed distribution says of itself.
#[derive(Debug, PartialEq, Eq)]
struct Distribution {
    version: String,
    programs: Vec<String>,
}

/// Finds the `.dist-info` of `package`, and in its RECORD the programs that it brought.
fn distribution(site: &Path, package: &str) -> Result<Distribution, InstallError> {
    let wanted = normal(package);
    for entry in fs::read_dir(site).map_err(InstallError::io("read", site))?.flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let Some((name, version)) =
            file.strip_suffix(".dist-info").and_then(|stem| stem.split_once('-'))
        else {
            continue;
        };
        if normal(name) == wanted {
            let record = entry.path().join("RECORD");
            let record = fs::read_to_string(&record).map_err(InstallError::io("read", record))?;
            return Ok(Distribution { version: version.to_owned(), programs: programs(&record) });
        }
    }
    Err(InstallError::Result(format!("no distribution `{package}` is in its site-packages")))
}

/// A distribution's name as the index compares it (PEP 503).
pub(crate) fn normal(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

/// The names of `../../../bin/NAME,…` in a RECORD.
fn programs(record: &str) -> Vec<String> {
    record
        .lines()
        .filter_map(|line| line.split(',').next()?.strip_prefix("../../../bin/"))
        .filter(|name| !name.contains('/'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_is_found_under_any_spelling_of_its_name() {
        let site = tempfile::tempdir().unwrap();
        let info = site.path().join("Sqlite_Utils-3.1.dist-info");
        fs::create_dir(&info).unwrap();
        let record = "../../../bin/sqlite-utils,sha256=x,1\nsqlite_utils/cli.py,,\n";
        fs::write(info.join("RECORD"), record).unwrap();
        let found = distribution(site.path(), "sqlite.utils").unwrap();
        assert_eq!(found.version, "3.1");
        assert_eq!(found.programs, ["sqlite-utils"]);
        assert!(distribution(site.path(), "sqlite").is_err());
    }
}
