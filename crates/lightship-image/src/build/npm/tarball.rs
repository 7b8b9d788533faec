//! One npm tarball: fetched, compared with its integrity, unpacked into the cache.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};

use lightship_debian::compress;
use lightship_loader::archive::{Fetcher, base64};
use lightship_model::digest::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha512};

use crate::build::BuildError;
use crate::build::cache::Cache;
use crate::build::lock::{Lock, LockedTarball};
use crate::build::packages::unpacked::elf_of;
use crate::build::spec::{Integrity, Npm};
use crate::elf::Elf;

/// A tarball that is larger, or unpacks to more, is none of ours, in bytes.
const MOST_PACKED: u64 = 2 << 30;
const MOST_BYTES: u64 = 8 << 30;

const KIND: &str = "npm1";

/// What is in a tarball, by path without its first directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tarball(pub BTreeMap<String, Entry>);

/// A file of a tarball.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub size: u64,
    pub sha256: Digest,
    pub executable: bool,
    pub mtime: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elf: Option<Elf>,
}

/// The exact tarball of `npm`: the lock's, the manifest's, or what the registry says now.
///
/// # Errors
/// When the registry does not have it, or says no integrity.
pub fn resolve(
    npm: &Npm,
    before: Option<&Lock>,
    fetcher: impl Fn() -> Result<Fetcher, BuildError>,
) -> Result<LockedTarball, BuildError> {
    let (package, version) = (npm.package.clone(), npm.version.clone());
    if let Some(integrity) = npm.integrity.clone() {
        return Ok(LockedTarball { package, version, integrity });
    }
    let same = |locked: &&LockedTarball| locked.package == package && locked.version == version;
    // A version never changes: what was seen of it once holds.
    if let Some(locked) = before.and_then(|lock| lock.npm.iter().find(same)) {
        return Ok(locked.clone());
    }
    let what = format!("{package} {version}");
    let said = fetcher()?.npm_tarball(&package, &version);
    let said = said.map_err(|source| BuildError::Fetch { what: what.clone(), source })?;
    let integrity = said.integrity.map(Integrity::try_from);
    match integrity {
        Some(Ok(integrity)) => Ok(LockedTarball { package, version, integrity }),
        _ => Err(BuildError::Npm(format!(
            "the registry has no sha512 of {what}: name its `integrity`"
        ))),
    }
}

impl Tarball {
    /// What is in the tarball, from the cache or from the registry.
    ///
    /// # Errors
    /// When it is not to be had, is another one, or can't be unpacked.
    pub fn get(
        cache: &Cache,
        fetcher: impl FnOnce() -> Result<Fetcher, BuildError>,
        locked: &LockedTarball,
    ) -> Result<(Self, bool), BuildError> {
        match Self::cached(cache, &locked.integrity) {
            Some(found) => Ok((found, false)),
            None => Ok((Self::fetch(cache, &fetcher()?, locked)?, true)),
        }
    }

    /// What is in the tarball with that integrity, if the cache has all of it.
    pub fn cached(cache: &Cache, integrity: &Integrity) -> Option<Self> {
        let tarball: Self = cache.index(KIND, &key(integrity))?;
        let here = |entry: &Entry| cache.content(&entry.sha256, entry.size).is_some();
        tarball.0.values().all(here).then_some(tarball)
    }

    /// Fetches it, compares it, and unpacks it into the cache.
    ///
    /// # Errors
    /// When it is not to be had, is another one, or can't be unpacked.
    pub fn fetch(
        cache: &Cache,
        fetcher: &Fetcher,
        locked: &LockedTarball,
    ) -> Result<Self, BuildError> {
        let LockedTarball { package, version, integrity } = locked;
        let what = format!("{package} {version}");
        let fail = |source| BuildError::Fetch { what: what.clone(), source };
        let file = cache.aside();
        let base = package.rsplit('/').next().unwrap_or(package);
        let url =
            format!("{}/{package}/-/{base}-{version}.tgz", fetcher.npm_registry().map_err(fail)?);
        let name = format!("npm:{package}@{version}");
        let got = match fetcher.file((&url, &name), None, MOST_PACKED, &file) {
            // A registry may have its files elsewhere; it says where.
            Err(error) if error.is_gone() => {
                let said = fetcher.npm_tarball(package, version).map_err(fail)?;
                fetcher.file((&said.url, &name), None, MOST_PACKED, &file)
            }
            got => got,
        };
        got.map_err(fail)?;
        let unpacked = check(&file, integrity, &what).and_then(|()| unpack(cache, &file, &what));
        // Its bytes are in the cache, or of no use.
        drop(fs::remove_file(&file));
        let tarball = unpacked?;
        cache.note(KIND, &key(integrity), &tarball)?;
        Ok(tarball)
    }
}

fn key(integrity: &Integrity) -> Digest {
    Digest::of(integrity.as_str().as_bytes())
}

fn check(file: &Path, wanted: &Integrity, what: &str) -> Result<(), BuildError> {
    let mut hasher = Sha512::new();
    let mut reader = File::open(file).map_err(BuildError::io("read", file))?;
    let mut block = vec![0; 128 << 10];
    loop {
        let count = reader.read(&mut block).map_err(BuildError::io("read", file))?;
        if count == 0 {
            break;
        }
        hasher.update(&block[..count]);
    }
    let found = base64(&hasher.finalize());
    if found == wanted.base64() {
        return Ok(());
    }
    let why = format!("its integrity is sha512-{found}, wanted is {}", wanted.as_str());
    Err(BuildError::Changed { what: what.to_owned(), why })
}

fn unpack(cache: &Cache, file: &Path, what: &str) -> Result<Tarball, BuildError> {
    let read = || -> io::Result<Tarball> {
        let source = BufReader::with_capacity(1 << 20, File::open(file)?);
        let mut archive = tar::Archive::new(compress::reader(source)?);
        let mut files = BTreeMap::new();
        let mut left = MOST_BYTES;
        for entry in archive.entries()? {
            let mut entry = entry?;
            let kind = entry.header().entry_type();
            if !matches!(kind, tar::EntryType::Regular | tar::EntryType::Continuous) {
                // npm itself unpacks files and their directories alone.
                continue;
            }
            let path = inner(&entry.path()?)?;
            // Some were packed by tools that leave numbers out, and npm takes them.
            let executable = entry.header().mode().unwrap_or(0) & 0o111 != 0;
            let mtime = entry.header().mtime().unwrap_or(0);
            let content = cache.take_in(&mut entry, left)?;
            left -= content.size;
            let elf = elf_of(&content)?;
            let (size, sha256) = (content.size, content.digest);
            files.insert(path, Entry { size, sha256, executable, mtime, elf });
        }
        Ok(Tarball(files))
    };
    read().map_err(|error| BuildError::Package { package: what.to_owned(), why: error.to_string() })
}

/// The path without the directory that everything in a tarball lies in.
fn inner(path: &Path) -> io::Result<String> {
    let refuse = || io::Error::other(format!("the path `{}` leaves the package", path.display()));
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str().ok_or_else(refuse)?),
            Component::CurDir => {}
            _ => return Err(refuse()),
        }
    }
    if parts.len() < 2 { Err(refuse()) } else { Ok(parts[1..].join("/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_directory_goes_and_nothing_leaves() {
        assert_eq!(inner(Path::new("package/bin/x")).unwrap(), "bin/x");
        assert_eq!(inner(Path::new("./anything/x")).unwrap(), "x");
        for path in ["../x", "package/../../x", "/etc/passwd", "package"] {
            assert!(inner(Path::new(path)).is_err(), "{path}");
        }
    }
}
