//! The lock of an image: every package and tarball that it was made from, by digest. It lies
//! beside the manifest (`lightship.image.lock`), apart from `lightship.lock`: that one is read
//! by PID 1, which has no use for hundreds of packages.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use lightship_loader::archive::Suite;
use lightship_model::digest::Digest;
use lightship_model::lock::{DebArchive, LockedDebPackage};
use lightship_model::manifest::{ManifestError, ManifestErrors, Text};
use lightship_model::time::Timestamp;
use serde::Deserialize;

use super::BuildError;
use super::spec::Integrity;

/// The form of the file.
const FORMAT: u32 = 1;

const HEAD: &str = "\
# Made by `lightship image build`; commit it beside the manifest. Versions, sizes and digests, and
# no hosts: it works behind any mirror.
";

/// What an image is made from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    pub format: u32,
    /// Of what was asked for; another manifest makes another one.
    pub recipe: Digest,
    /// Packages whose scripts were passed over unread.
    #[serde(default)]
    pub ignored_scripts: Vec<String>,
    #[serde(default, rename = "suite")]
    pub suites: Vec<LockedSuite>,
    #[serde(default, rename = "package")]
    pub packages: Vec<LockedDebPackage>,
    #[serde(default, rename = "npm")]
    pub npm: Vec<LockedTarball>,
}

/// A suite as it was when the packages were chosen: an older one is not taken after it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedSuite {
    #[serde(default)]
    pub archive: DebArchive,
    pub name: String,
    pub date: Timestamp,
}

/// A version of an npm package.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedTarball {
    pub package: String,
    pub version: String,
    pub integrity: Integrity,
}

/// What to do about the lock that is there.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// It holds.
    Keep(Lock),
    /// The packages are chosen anew, and nothing older than this is taken.
    Resolve(Option<Lock>),
}

/// Where the lock of a manifest lies.
pub fn path(manifest: &Path) -> PathBuf {
    manifest.with_extension("image.lock")
}

/// What to do, where `recipe` is wanted.
///
/// # Errors
/// When only a lock that holds will do, and there is none.
pub fn decide(
    found: Option<Lock>,
    recipe: &Digest,
    locked: bool,
    upgrade: bool,
) -> Result<Decision, BuildError> {
    let fresh = found.as_ref().is_some_and(|lock| lock.recipe == *recipe);
    match found {
        Some(lock) if fresh && !upgrade => Ok(Decision::Keep(lock)),
        Some(_) if locked => Err(BuildError::Input(
            "the lock is of another manifest: build without `--locked` and commit what that writes"
                .to_owned(),
        )),
        None if locked => Err(BuildError::Input(
            "there is no lock: build without `--locked` and commit what that writes".to_owned(),
        )),
        found => Ok(Decision::Resolve(found)),
    }
}

/// Refuses suites that are older than those of the lock.
///
/// # Errors
/// When one is.
pub fn no_older(before: Option<&Lock>, now: &[Suite]) -> Result<(), BuildError> {
    let known: BTreeMap<_, _> = before
        .into_iter()
        .flat_map(|lock| &lock.suites)
        .map(|suite| ((suite.archive, suite.name.as_str()), suite.date))
        .collect();
    for suite in now {
        let Some(date) = known.get(&(suite.archive, suite.name.as_str())) else { continue };
        if suite.released < *date {
            return Err(BuildError::Input(format!(
                "the mirror's {} is of {}, older than the lock's of {date}: it is stale or \
                 somebody turns it back; if that is meant, remove the lock",
                suite.name, suite.released
            )));
        }
    }
    Ok(())
}

impl Lock {
    /// Reads the lock at `path`; nothing where there is none.
    ///
    /// # Errors
    /// When it can't be read, or is none.
    pub fn open(path: &Path) -> Result<Option<Self>, BuildError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BuildError::io("read", path)(error)),
        };
        let text = Text::new(path.display().to_string(), text);
        let lock: Self = text.read().map_err(again)?;
        if lock.format != FORMAT {
            let what = format!("the lock has form {}, and {FORMAT} is known here", lock.format);
            return Err(again(text.error(0, what)).into());
        }
        Ok(Some(lock))
    }

    /// The text of the file: the same for the same lock.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}format = {}\nrecipe = \"{}\"\n", self.format, self.recipe);
        // Writing to a `String` can't fail.
        self.write(&mut text).unwrap_or_default();
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        if !self.ignored_scripts.is_empty() {
            let names: Vec<String> = self.ignored_scripts.iter().map(|name| quoted(name)).collect();
            writeln!(out, "ignored_scripts = [{}]", names.join(", "))?;
        }
        for suite in &self.suites {
            write!(out, "\n[[suite]]\n")?;
            archive(out, suite.archive)?;
            let date = suite.date.to_string().replace(".000Z", "Z");
            writeln!(out, "name = {}\ndate = \"{date}\"", quoted(&suite.name))?;
        }
        for package in &self.packages {
            let (name, version) = (quoted(&package.name), quoted(&package.version));
            write!(out, "\n[[package]]\nname = {name}\nversion = {version}\n")?;
            writeln!(out, "arch = {}\nsize = {}", quoted(&package.arch), package.size)?;
            writeln!(out, "sha256 = \"{}\"", package.sha256)?;
            archive(out, package.archive)?;
            writeln!(out, "path = {}", quoted(&package.path))?;
        }
        for npm in &self.npm {
            let (package, version) = (quoted(&npm.package), quoted(&npm.version));
            write!(out, "\n[[npm]]\npackage = {package}\nversion = {version}\n")?;
            writeln!(out, "integrity = \"{}\"", npm.integrity.as_str())?;
        }
        Ok(())
    }

    /// A lock without anything, for a question with that digest.
    pub fn new(recipe: Digest) -> Self {
        Self {
            format: FORMAT,
            recipe,
            ignored_scripts: Vec::new(),
            suites: Vec::new(),
            packages: Vec::new(),
            npm: Vec::new(),
        }
    }
}

fn archive(out: &mut String, archive: DebArchive) -> std::fmt::Result {
    match archive {
        DebArchive::Main => Ok(()),
        DebArchive::Security => writeln!(out, "archive = \"{}\"", archive.as_str()),
    }
}

/// JSON's strings are TOML's, too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn again(error: ManifestError) -> ManifestErrors {
    let help = error.help.unwrap_or_else(|| "make it anew with `--upgrade`".to_owned());
    ManifestError { help: Some(help), ..error }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(date: &str) -> Lock {
        let date = Timestamp::try_from(date.to_owned()).unwrap();
        let suite = LockedSuite { archive: DebArchive::Security, name: "bookworm".into(), date };
        let package = LockedDebPackage {
            name: "libstdc++6".into(),
            version: "1:2~x\"y".into(),
            arch: "amd64".into(),
            size: 7,
            sha256: Digest::of(b"p"),
            archive: DebArchive::Main,
            path: "pool/x.deb".into(),
        };
        let integrity = format!("sha512-{}==", "A".repeat(86));
        let npm = LockedTarball {
            package: "@a/b".into(),
            version: "1.0.0".into(),
            integrity: Integrity::try_from(integrity).unwrap(),
        };
        Lock {
            ignored_scripts: vec!["x".into()],
            suites: vec![suite],
            packages: vec![package],
            npm: vec![npm],
            ..Lock::new(Digest::of(b"r"))
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lightship.image.lock");
        assert_eq!(Lock::open(&path).unwrap(), None);
        let lock = lock("2026-07-11T10:16:37Z");
        std::fs::write(&path, lock.to_text()).unwrap();
        assert_eq!(Lock::open(&path).unwrap(), Some(lock.clone()));
        std::fs::write(&path, lock.to_text().replace("size", "sise")).unwrap();
        let error = Lock::open(&path).unwrap_err().to_string();
        assert!(error.contains("lightship.image.lock:16:1"), "{error}");
    }

    #[test]
    fn a_fresh_lock_is_kept_and_a_stale_one_is_an_error_where_it_must_not_be() {
        let old = lock("2026-07-11T10:16:37Z");
        let (fresh, stale) = (Digest::of(b"r"), Digest::of(b"s"));
        let keep = decide(Some(old.clone()), &fresh, true, false).unwrap();
        assert_eq!(keep, Decision::Keep(old.clone()));
        let anew = decide(Some(old.clone()), &fresh, false, true).unwrap();
        assert_eq!(anew, Decision::Resolve(Some(old.clone())));
        assert!(decide(Some(old), &stale, true, false).is_err());
        assert!(decide(None, &stale, true, false).is_err());
        assert_eq!(decide(None, &stale, false, false).unwrap(), Decision::Resolve(None));
    }

    #[test]
    fn a_suite_that_was_turned_back_is_refused() {
        let lock = lock("2026-07-11T10:16:37Z");
        let suite = |date: &str| Suite {
            archive: DebArchive::Security,
            name: "bookworm".into(),
            released: Timestamp::try_from(date.to_owned()).unwrap(),
        };
        no_older(Some(&lock), &[suite("2026-07-11T10:16:37Z")]).unwrap();
        let error = no_older(Some(&lock), &[suite("2026-07-10T10:16:37Z")]).unwrap_err();
        assert!(error.to_string().contains("older than the lock's"), "{error}");
    }
}
