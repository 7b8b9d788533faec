//! The reviewed scripts and the effects, from the data files beside this one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lightship_model::digest::Digest;
use serde::Deserialize;

/// Something that is done to a new root.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Effect {
    /// What the script has it for.
    pub about: String,
    pub directories: Vec<Directory>,
    /// Path and target.
    pub links: BTreeMap<String, String>,
    /// Links that are made where what they lead to is in the image.
    pub alternatives: BTreeMap<String, String>,
    pub copies: Vec<Copy>,
    pub texts: BTreeMap<String, String>,
    /// The bundle of certificates is made.
    pub certificates: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    pub path: String,
    /// In octal.
    pub mode: String,
    #[serde(default)]
    pub gid: u32,
}

/// A file of the package that becomes another one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    pub from: String,
    pub to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scripts {
    script: Vec<Script>,
}

/// A script that somebody has read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    package: String,
    name: String,
    sha256: Digest,
    /// The version it was read in.
    #[serde(rename = "version")]
    _version: String,
    /// What it does on a new root, or why nothing.
    #[serde(rename = "does")]
    _does: String,
    #[serde(default)]
    effects: Vec<String>,
}

type Key = (String, String, Digest);

const SCRIPTS: &str = include_str!("scripts.toml");
const EFFECTS: &str = include_str!("effects.toml");

static KNOWN: LazyLock<BTreeMap<Key, Vec<String>>> = LazyLock::new(|| {
    // A test reads both files; without them every script would be an unknown one.
    let scripts = toml::from_str::<Scripts>(SCRIPTS).map(|file| file.script).unwrap_or_default();
    let each = scripts.into_iter();
    each.map(|script| ((script.package, script.name, script.sha256), script.effects)).collect()
});

static NAMED: LazyLock<BTreeMap<String, Effect>> =
    LazyLock::new(|| toml::from_str(EFFECTS).unwrap_or_default());

/// The names of what a script does; nothing for one that nobody has read.
pub(super) fn script(package: &str, name: &str, sha256: &Digest) -> Option<&'static [String]> {
    let key = (package.to_owned(), name.to_owned(), sha256.clone());
    KNOWN.get(&key).map(Vec::as_slice)
}

pub(super) fn effect(name: &str) -> Option<&'static Effect> {
    NAMED.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_can_be_read_and_every_effect_that_is_named_is_there() {
        let scripts: Scripts = toml::from_str(SCRIPTS).unwrap();
        let effects: BTreeMap<String, Effect> = toml::from_str(EFFECTS).unwrap();
        assert_eq!(KNOWN.len(), scripts.script.len(), "a script stands twice");
        for script in &scripts.script {
            for name in &script.effects {
                assert!(effects.contains_key(name), "{}: {name}", script.package);
            }
        }
        for effect in effects.values() {
            for directory in &effect.directories {
                u32::from_str_radix(&directory.mode, 8).unwrap();
            }
        }
    }
}
