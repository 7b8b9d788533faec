//! `[image]` of one file as it was typed.

use std::collections::BTreeMap;
use std::fmt;

use lightship_model::duration::HumanDuration;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// A manifest as far as the image builder reads it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Document {
    pub(super) image: Option<Spanned<Layer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Layer {
    pub(super) packages: Vec<Spanned<Package>>,
    pub(super) suite: Option<String>,
    pub(super) mirror: Option<String>,
    pub(super) components: Option<Vec<String>>,
    pub(super) keys: Vec<String>,
    pub(super) architecture: Option<Spanned<String>>,
    pub(super) scripts: Scripts,
    pub(super) npm: Vec<Spanned<Npm>>,
    pub(super) npm_trees: Vec<Spanned<NpmTree>>,
    pub(super) files: Vec<Spanned<File>>,
    pub(super) directories: Vec<Spanned<Directory>>,
    pub(super) users: Vec<Spanned<User>>,
    pub(super) runtime: Option<bool>,
    pub(super) entrypoint: Option<Vec<String>>,
    pub(super) command: Option<Vec<String>>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) user: Option<String>,
    pub(super) workdir: Option<Spanned<String>>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) volumes: Vec<String>,
    pub(super) ports: Vec<Spanned<Port>>,
    pub(super) stop_signal: Option<String>,
    pub(super) warm: Option<Spanned<Warm>>,
}

/// A start at build time.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Warm {
    pub(super) command: Option<Vec<String>>,
    pub(super) ready: Option<WarmReady>,
    pub(super) keep: Vec<Spanned<String>>,
    pub(super) settle: Option<HumanDuration>,
    pub(super) timeout: Option<HumanDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WarmReady {
    pub(super) http: Option<String>,
    pub(super) tcp: Option<String>,
    pub(super) log: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Scripts {
    pub(super) ignore: Vec<String>,
}

/// `"bash"`, or `{ name = "git", slices = ["https"] }`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageTable {
    pub(super) name: String,
    pub(super) slices: Option<Vec<String>>,
    #[serde(default)]
    pub(super) whole: bool,
}

#[derive(Debug)]
pub(super) struct Package(pub(super) PackageTable);

impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Package;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a package's name, or { name = …, slices = […] }")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Package, E> {
                Ok(Package(PackageTable { name: name.to_owned(), ..PackageTable::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Package, A::Error> {
                PackageTable::deserialize(MapAccessDeserializer::new(map)).map(Package)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// `8080`, or `"53/udp"`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Port {
    Number(u16),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Npm {
    pub(super) package: String,
    pub(super) version: String,
    pub(super) integrity: Option<Integrity>,
    pub(super) take: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NpmTree {
    pub(super) lock: String,
    pub(super) to: String,
    #[serde(default)]
    pub(super) bins: Vec<String>,
    #[serde(default)]
    pub(super) without: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) from: Option<String>,
    pub(super) text: Option<String>,
    pub(super) link: Option<String>,
    pub(super) to: String,
    pub(super) mode: Option<Mode>,
    pub(super) owner: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    pub(super) path: String,
    pub(super) mode: Option<Mode>,
    pub(super) owner: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: Option<u32>,
    pub(super) home: Option<String>,
    pub(super) shell: Option<String>,
}

/// Permission bits, in octal as `chmod` takes them: `"0755"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Mode(pub(super) u32);

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| *mode <= 0o7777);
        mode.map(Self).ok_or_else(|| format!("`{text}` is no mode such as \"0755\""))
    }
}

/// npm's digest of a file: `sha512-` and 88 characters of base64.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Integrity(String);

impl Integrity {
    /// The digest in base64.
    pub fn base64(&self) -> &str {
        self.0.strip_prefix("sha512-").unwrap_or_default()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Integrity {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // Where there are several, the strongest counts.
        let word = text.split_whitespace().find(|word| word.starts_with("sha512-"));
        let is_base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/=".contains(&c);
        match word {
            Some(word) if word.len() == 95 && word[7..].bytes().all(is_base64) => {
                Ok(Self(word.to_owned()))
            }
            _ => Err(format!("`{text}` is no integrity: `sha512-` and its base64 are wanted")),
        }
    }
}

impl From<Integrity> for String {
    fn from(integrity: Integrity) -> Self {
        integrity.0
    }
}
