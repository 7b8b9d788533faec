//! `[image]` of one file as it was typed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use lightship_model::digest::Digest;
use lightship_model::duration::HumanDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// A manifest as far as the image builder reads it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Document {
    pub(super) image: Option<Spanned<Layer>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ImageLayer")]
pub(super) struct Layer {
    /// Debian packages, by name or with what is taken of them.
    #[schemars(with = "Vec<Package>")]
    pub(super) packages: Vec<Spanned<Package>>,
    /// Debian's release: `bookworm`. Default: this machine's.
    pub(super) suite: Option<String>,
    /// Where packages come from. Default: what apt is configured for.
    pub(super) mirror: Option<String>,
    /// Parts of the archive. Default: `main`.
    pub(super) components: Option<Vec<String>>,
    /// Files with certificates of archives other than Debian's.
    pub(super) keys: Vec<String>,
    /// `amd64` or `arm64`. Default: this machine's.
    #[schemars(with = "Option<String>")]
    pub(super) architecture: Option<Spanned<String>>,
    pub(super) scripts: Scripts,
    /// Files out of tarballs of npm's registry.
    #[schemars(with = "Vec<Npm>")]
    pub(super) npm: Vec<Spanned<Npm>>,
    /// Projects, as `npm ci` lays them out.
    #[schemars(with = "Vec<NpmTree>")]
    pub(super) npm_trees: Vec<Spanned<NpmTree>>,
    /// Directories and archives of one's own, pinned by digest.
    #[schemars(with = "Vec<LocalTree>")]
    pub(super) trees: Vec<Spanned<LocalTree>>,
    /// Files and links of one's own.
    #[schemars(with = "Vec<File>")]
    pub(super) files: Vec<Spanned<File>>,
    /// Directories, empty unless something else is put into them.
    #[schemars(with = "Vec<Directory>")]
    pub(super) directories: Vec<Spanned<Directory>>,
    /// Users beside those of Debian.
    #[schemars(with = "Vec<User>")]
    pub(super) users: Vec<Spanned<User>>,
    /// Whether lightship-init, the loader and the manifest are in the image.
    pub(super) runtime: Option<bool>,
    /// What is run, with its first arguments.
    pub(super) entrypoint: Option<Vec<String>>,
    /// What is run, or the entrypoint's arguments, unless others are given.
    pub(super) command: Option<Vec<String>>,
    /// Environment of what is run.
    pub(super) env: BTreeMap<String, String>,
    /// Whose process it is: a name, or `UID:GID`.
    pub(super) user: Option<String>,
    /// Where it is run.
    #[schemars(with = "Option<String>")]
    pub(super) workdir: Option<Spanned<String>>,
    pub(super) labels: BTreeMap<String, String>,
    /// Directories that outlive the container.
    pub(super) volumes: Vec<String>,
    /// Ports that it listens on: 8080, or "53/udp".
    #[schemars(with = "Vec<Port>")]
    pub(super) ports: Vec<Spanned<Port>>,
    /// What asks it to end: `SIGTERM`.
    pub(super) stop_signal: Option<String>,
    /// The service is started once while the image is built, and its caches are kept.
    #[schemars(with = "Option<Warm>")]
    pub(super) warm: Option<Spanned<Warm>>,
}

/// A start at build time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Warm {
    /// What is started. Default: the service's command.
    pub(super) command: Option<Vec<String>>,
    /// When it has done its work. Default: when the service is ready.
    pub(super) ready: Option<WarmReady>,
    /// The directories that it fills.
    #[schemars(with = "Vec<String>")]
    pub(super) keep: Vec<Spanned<String>>,
    /// How long it goes on after it was ready. Default: 2s.
    #[schemars(with = "Option<String>")]
    pub(super) settle: Option<HumanDuration>,
    /// By when it has to be ready. Default: 10m.
    #[schemars(with = "Option<String>")]
    pub(super) timeout: Option<HumanDuration>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WarmReady {
    pub(super) http: Option<String>,
    pub(super) tcp: Option<String>,
    pub(super) log: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Scripts {
    /// Packages whose scripts the image can do without.
    pub(super) ignore: Vec<String>,
}

/// `"bash"`, or `{ name = "git", slices = ["https"] }`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageTable {
    pub(super) name: String,
    /// Parts of it; none for what programs of others need. Default: the usual ones.
    pub(super) slices: Option<Vec<String>>,
    /// All but documentation and translations.
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

impl JsonSchema for Package {
    fn schema_name() -> Cow<'static, str> {
        "Package".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<PackageTable>();
        json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}

/// `8080`, or `"53/udp"`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Port {
    Number(u16),
    Text(String),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Npm {
    pub(super) package: String,
    pub(super) version: String,
    /// `sha512-…`. Default: what the registry says, kept in the lock.
    #[schemars(with = "Option<String>")]
    pub(super) integrity: Option<Integrity>,
    /// Paths in the tarball, without its first directory, and where they go.
    pub(super) take: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NpmTree {
    /// Its `package-lock.json`.
    pub(super) lock: String,
    pub(super) to: String,
    /// Programs of it that get a link in `/usr/local/bin`.
    #[serde(default)]
    pub(super) bins: Vec<String>,
    /// Packages that are left out.
    #[serde(default)]
    pub(super) without: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalTree {
    pub(super) from: String,
    /// What it has to be: `lightship image build` says it of another one.
    #[schemars(with = "String")]
    pub(super) sha256: Digest,
    pub(super) to: String,
    pub(super) owner: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) from: Option<String>,
    pub(super) text: Option<String>,
    pub(super) link: Option<String>,
    pub(super) to: String,
    /// In octal: `"0755"`.
    #[schemars(with = "Option<String>")]
    pub(super) mode: Option<Mode>,
    pub(super) owner: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    pub(super) path: String,
    /// In octal: `"0755"`.
    #[schemars(with = "Option<String>")]
    pub(super) mode: Option<Mode>,
    pub(super) owner: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
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
