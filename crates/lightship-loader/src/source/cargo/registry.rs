//! Crates as cargo itself fetches them: no address of a registry is known here.

use std::fs;
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use serde_json::Value;

use super::client;
use crate::install::{InstallError, Job};

/// A crate in the cache of the attempt's own cargo, unpacked.
pub(crate) struct Crate {
    /// The `.crate` file.
    pub(crate) file: PathBuf,
    /// Its content.
    pub(crate) folder: PathBuf,
    pub(crate) sha256: Digest,
    /// Of the file, in bytes.
    pub(crate) size: u64,
}

/// Has cargo fetch a crate, with what the registry says of all its versions. Without a version:
/// the one that cargo finds newest.
pub(crate) fn look_up(
    job: &mut Job<'_>,
    package: &str,
    version: Option<&str>,
) -> Result<(), InstallError> {
    let mut command = client(job)?;
    let what = version.map_or(package.to_owned(), |version| format!("{package}@{version}"));
    command.args(["info", "--quiet", &what]);
    job.run_shown(command, "look a crate up").map_err(|error| match error {
        InstallError::Exit { excerpt, .. } if excerpt.contains("no such command") => {
            InstallError::Recipe("a lock needs cargo 1.82 or newer: `cargo info`".to_owned())
        }
        error => error,
    })
}

/// Fetches the crate and gives what came.
pub(crate) fn fetch(
    job: &mut Job<'_>,
    package: &str,
    version: &str,
) -> Result<Crate, InstallError> {
    look_up(job, package, Some(version))?;
    read(job, package, version)
}

/// The crate as it lies in cargo's cache.
pub(crate) fn read(job: &Job<'_>, package: &str, version: &str) -> Result<Crate, InstallError> {
    let registry = job.stage.join("cargo/registry");
    let name = format!("{package}-{version}");
    let missing = || InstallError::Result(format!("cargo fetched no {name}.crate"));
    let file = in_some(&registry.join("cache"), &format!("{name}.crate")).ok_or_else(missing)?;
    let folder = in_some(&registry.join("src"), &name).ok_or_else(missing)?;
    let bytes = fs::read(&file).map_err(InstallError::io("read", &file))?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(Crate { sha256: Digest::of(&bytes), size, file, folder })
}

/// `name` in one of the directories of `parent`: cargo has one for each registry.
fn in_some(parent: &Path, name: &str) -> Option<PathBuf> {
    let folders = fs::read_dir(parent).ok()?.flatten();
    folders.map(|folder| folder.path().join(name)).find(|path| path.exists())
}

/// What the registry says of the versions of a crate that was looked up: its index's lines.
pub(crate) fn versions(job: &Job<'_>, package: &str) -> Vec<Value> {
    let index = job.stage.join("cargo/registry/index");
    let place = Path::new(".cache").join(index_path(package));
    let folders = fs::read_dir(index).into_iter().flatten().flatten();
    let files = folders.map(|folder| folder.path().join(&place));
    files.filter_map(|file| fs::read(file).ok()).flat_map(|bytes| index_lines(&bytes)).collect()
}

/// Where an index has a crate's lines.
fn index_path(package: &str) -> String {
    let name = package.to_ascii_lowercase();
    match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ if name.is_ascii() && name.len() > 3 => format!("{}/{}/{name}", &name[..2], &name[2..4]),
        _ => name,
    }
}

/// The JSON in a file of cargo's index cache, which has NULs between its parts.
fn index_lines(bytes: &[u8]) -> Vec<Value> {
    let parts = bytes.split(|byte| *byte == 0).filter(|part| part.starts_with(b"{"));
    parts.filter_map(|part| serde_json::from_slice(part).ok()).collect()
}

/// How a `Cargo.lock` names the registry that cargo fetches crates from when nothing else is
/// said. Asked of cargo, which needs no network for it.
pub(crate) fn source(job: &mut Job<'_>) -> Result<String, InstallError> {
    let folder = job.stage_dir("source")?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(InstallError::io("write", path))
    };
    write("lib.rs", "")?;
    write(
        "Cargo.toml",
        "[package]\nname = \"asks\"\nversion = \"0.0.0\"\n[lib]\npath = \"lib.rs\"\n\
         [dependencies]\nanything = \"1\"\n[workspace]\n",
    )?;
    let mut command = client(job)?;
    command.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]);
    command.arg(folder.join("Cargo.toml"));
    let mut source = None;
    job.run(command, "ask cargo for the name of its registry", |_, line| {
        if let Ok(answer) = serde_json::from_str::<Value>(line) {
            let found = &answer["packages"][0]["dependencies"][0]["source"];
            source = source.take().or(found.as_str().map(str::to_owned));
        }
    })?;
    source.ok_or_else(|| {
        InstallError::Result("cargo does not say how it names its registry".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indexs_lines_are_found_between_what_cargo_puts_around_them() {
        let bytes = b"\x03\x02\x00\x00\x00etag\x001.0.0\x00{\"vers\":\"1.0.0\"}\x001.1.0\x00{\"vers\":\"1.1.0\"}\x00";
        let versions: Vec<_> = index_lines(bytes).iter().map(|line| line["vers"].clone()).collect();
        assert_eq!(versions, ["1.0.0", "1.1.0"]);
    }

    #[test]
    fn an_index_has_short_names_elsewhere() {
        let paths = ["a", "sd", "Syn", "Serde_json"].map(index_path);
        assert_eq!(paths, ["1/a", "2/sd", "3/s/syn", "se/rd/serde_json"]);
    }
}
