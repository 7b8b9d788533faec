//! A project's `package-lock.json`: which tarball goes where, as `npm ci` would lay them out.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::build::BuildError;
use crate::build::lock::LockedTarball;
use crate::build::spec::{Architecture, Integrity, NpmTree};

/// The file as far as it is read; others' fields are others'.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    lockfile_version: u32,
    #[serde(default)]
    packages: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    dev: bool,
    dev_optional: bool,
    link: bool,
    os: Words,
    cpu: Words,
    libc: Words,
    bin: Bin,
    has_install_script: bool,
}

/// A word or several.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Words {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Bin {
    #[default]
    None,
    One(String),
    Many(BTreeMap<String, String>),
}

/// A package in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// `node_modules/a/node_modules/@b/c`.
    pub path: String,
    pub tarball: LockedTarball,
    /// Its programs: name, and path in the package.
    pub bins: BTreeMap<String, String>,
}

/// What a lock comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    pub modules: Vec<Module>,
    /// Packages with an install script, which is not run.
    pub scripts: Vec<String>,
}

/// The modules of the lock in `text`.
///
/// # Errors
/// When it is no lock, or names what is no tarball of a registry.
pub fn modules(
    text: &str,
    tree: &NpmTree,
    architecture: Architecture,
) -> Result<Modules, BuildError> {
    let wrong = |why: String| BuildError::Npm(format!("`{}`: {why}", tree.lock.display()));
    let file: File = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if file.lockfile_version < 2 {
        let version = file.lockfile_version;
        return Err(wrong(format!(
            "its form {version} is of npm 6 and older: make it anew with `npm install \
             --package-lock-only`"
        )));
    }
    let mut found = Modules::default();
    for (path, entry) in file.packages {
        let Some((_, own)) = path.rsplit_once("node_modules/") else { continue };
        let name = entry.name.clone().unwrap_or_else(|| own.to_owned());
        if entry.dev
            || entry.dev_optional
            || tree.without.contains(&name)
            || !fits(&entry, architecture)
        {
            continue;
        }
        let plain = path.split('/').all(|part| !["", ".", ".."].contains(&part));
        let from_registry = |url: &String| {
            let path = Path::new(url).extension();
            url.starts_with("http") && path.is_some_and(|extension| extension == "tgz")
        };
        let resolved = entry.resolved.as_ref().is_none_or(from_registry);
        if entry.link || !plain || !resolved {
            return Err(wrong(format!("`{path}` is no tarball of a registry")));
        }
        let (Some(version), Some(integrity)) = (entry.version, entry.integrity) else {
            return Err(wrong(format!("`{path}` has no version or no integrity")));
        };
        let integrity =
            Integrity::try_from(integrity).map_err(|why| wrong(format!("`{path}`: {why}")))?;
        if entry.has_install_script {
            found.scripts.push(format!("{name} {version}"));
        }
        let bins = match entry.bin {
            Bin::None => BTreeMap::new(),
            Bin::One(file) => {
                let short = name.rsplit('/').next().unwrap_or(&name).to_owned();
                BTreeMap::from([(short, file)])
            }
            Bin::Many(bins) => bins,
        };
        let tarball = LockedTarball { package: name, version, integrity };
        found.modules.push(Module { path, tarball, bins });
    }
    Ok(found)
}

fn fits(entry: &Entry, architecture: Architecture) -> bool {
    let all = [(&entry.os, "linux"), (&entry.cpu, architecture.npm()), (&entry.libc, "glibc")];
    all.into_iter().all(|(words, own)| is_meant(words, own))
}

/// `["linux"]`, or `["!win32"]`: all others.
fn is_meant(words: &Words, own: &str) -> bool {
    let words = match words {
        Words::None => return true,
        Words::One(word) => std::slice::from_ref(word),
        Words::Many(words) => words,
    };
    let excluded = words.iter().any(|word| word.strip_prefix('!') == Some(own));
    let mut wanted = words.iter().filter(|word| !word.starts_with('!')).peekable();
    !excluded && (wanted.peek().is_none() || wanted.any(|word| word == own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(packages: &str) -> Result<Modules, String> {
        let tree = NpmTree {
            lock: "package-lock.json".into(),
            to: "/opt/x".into(),
            bins: Vec::new(),
            without: ["unwanted".to_owned()].into(),
        };
        let text = format!("{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{}}{packages}}}}}");
        modules(&text, &tree, Architecture::Amd64).map_err(|error| error.to_string())
    }

    fn entry(path: &str, more: &str) -> String {
        let integrity = format!("sha512-{}==", "A".repeat(86));
        format!(", \"{path}\": {{\"version\": \"1.0.0\", \"integrity\": \"{integrity}\"{more}}}")
    }

    #[test]
    fn what_is_for_others_is_left_out() {
        let text = [
            entry("node_modules/a", ", \"bin\": \"cli.js\""),
            entry("node_modules/a/node_modules/@b/c", ", \"bin\": {\"d\": \"bin/d\"}"),
            entry("node_modules/dev", ", \"dev\": true"),
            entry("node_modules/mac", ", \"os\": [\"darwin\"], \"optional\": true"),
            entry("node_modules/arm", ", \"cpu\": [\"arm64\"]"),
            entry("node_modules/musl", ", \"libc\": [\"musl\"]"),
            entry("node_modules/not-win", ", \"os\": [\"!win32\"], \"hasInstallScript\": true"),
            entry("node_modules/unwanted", ""),
        ];
        let found = read(&text.concat()).unwrap();
        let paths: Vec<&str> = found.modules.iter().map(|module| module.path.as_str()).collect();
        assert_eq!(
            paths,
            ["node_modules/a", "node_modules/a/node_modules/@b/c", "node_modules/not-win"]
        );
        assert_eq!(found.modules[0].bins["a"], "cli.js");
        assert_eq!(found.modules[1].tarball.package, "@b/c");
        assert_eq!(found.scripts, ["not-win 1.0.0"]);
    }

    #[test]
    fn what_no_registry_has_is_refused() {
        for (text, expected) in [
            (entry("node_modules/a", ", \"link\": true"), "no tarball of a registry"),
            (entry("node_modules/a", ", \"resolved\": \"git+ssh://x/y\""), "no tarball"),
            (entry("node_modules/../../x", ""), "no tarball of a registry"),
            (", \"node_modules/a\": {\"version\": \"1\"}".to_owned(), "no integrity"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
