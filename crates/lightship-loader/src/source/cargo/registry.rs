//! Crates as cargo itself fetches them: no address of a registry is known here.

use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use lightship_model::excerpt::error_excerpt;
use serde_json::Value;

use super::client;
use crate::install::{InstallError, Job};
use crate::store::disk as fs;

/// A crate in the cache of the attempt's own cargo, unpacked.
pub(crate) struct Crate {
    /// Its content.
    pub(crate) folder: PathBuf,
    /// Of the `.crate` file.
    pub(crate) sha256: Digest,
    /// Of the `.crate` file, in bytes.
    pub(crate) size: u64,
}

/// What the registry has for a requirement on a crate, as cargo finds it.
pub(crate) struct Found {
    /// Of the `.crate` file, as the index says it.
    pub(crate) checksum: String,
    /// How a `Cargo.lock` names the registry that crates come from when nothing else is said.
    pub(crate) source: String,
}

/// Has cargo resolve a project that needs nothing but the crate. Afterwards cargo's cache has
/// what the registry says of all its versions; no crate is fetched.
pub(crate) fn look_up(
    job: &mut Job<'_>,
    package: &str,
    requirement: &str,
) -> Result<Found, InstallError> {
    let folder = job.stage_dir("look-up")?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(InstallError::io("write", path))
    };
    write("lib.rs", "")?;
    let manifest = format!(
        "[package]\nname = \"lightship-looks-up\"\nversion = \"0.0.0\"\n[lib]\npath = \"lib.rs\"\n\
         [dependencies]\n{package} = \"{requirement}\"\n[workspace]\n"
    );
    write("Cargo.toml", &manifest)?;
    let lock = folder.join("Cargo.lock");
    // Of an earlier question.
    drop(fs::remove_file(&lock));
    let mut command = client(job)?;
    command.args(["generate-lockfile", "--quiet", "--manifest-path"]);
    command.arg(folder.join("Cargo.toml"));
    job.run_shown(command, "look a crate up")?;
    let text = fs::read_to_string(&lock).map_err(InstallError::io("read", &lock))?;
    let block = text.split("[[package]]").find(|block| value(block, "name") == Some(package));
    let found = block.and_then(|block| {
        Some(Found {
            checksum: value(block, "checksum")?.to_owned(),
            source: value(block, "source")?.to_owned(),
        })
    });
    found.ok_or_else(|| InstallError::Recipe(format!("cargo found no digest for `{package}`")))
}

/// The value of `key = "value"` in a block of a `Cargo.lock`.
pub(crate) fn value<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    block.lines().find_map(|line| {
        let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        value.strip_suffix('"')
    })
}

/// Has cargo fetch that crate and nothing else, and gives what came.
pub(crate) fn fetch(
    job: &mut Job<'_>,
    package: &str,
    version: &str,
) -> Result<Crate, InstallError> {
    let mut command = client(job)?;
    command.args(["install", package, "--version", version, "--locked", "--quiet"]);
    // cargo has no word for it. It fetches the crate, sees that there is no such feature, and
    // ends before it fetches or builds anything that the crate depends on.
    command.args(["--features", "lightship-only-looks"]);
    command.arg("--root").arg(job.stage.join("never"));
    match job.run_shown(command, "fetch a crate") {
        Ok(()) | Err(InstallError::Exit { .. }) => {}
        Err(error) => return Err(error),
    }
    let said = error_excerpt(job.log.tail());
    job.log.line("== that is how cargo is told to fetch a crate and do no more");
    read(job, package, version).map_err(|error| match said.as_str() {
        "" => error,
        said => InstallError::Recipe(format!("{error}: {said}")),
    })
}

/// The crate as it lies in cargo's cache.
pub(crate) fn read(job: &Job<'_>, package: &str, version: &str) -> Result<Crate, InstallError> {
    let registry = job.stage.join("cargo/registry");
    let name = format!("{package}-{version}");
    let missing = || InstallError::Recipe(format!("cargo fetched no {name}.crate"));
    let file = in_some(&registry.join("cache"), &format!("{name}.crate")).ok_or_else(missing)?;
    let folder = in_some(&registry.join("src"), &name).ok_or_else(missing)?;
    let bytes = fs::read(&file).map_err(InstallError::io("read", &file))?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(Crate { sha256: Digest::of(&bytes), size, folder })
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
    fn a_value_of_a_lock_is_the_one_of_that_key() {
        let block = "\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"c\"\n";
        assert_eq!(value(block, "checksum"), Some("c"));
        assert_eq!(value(block, "source"), None);
    }

    #[test]
    fn an_index_has_short_names_elsewhere() {
        let paths = ["a", "sd", "Syn", "Serde_json"].map(index_path);
        assert_eq!(paths, ["1/a", "2/sd", "3/s/syn", "se/rd/serde_json"]);
    }
}
