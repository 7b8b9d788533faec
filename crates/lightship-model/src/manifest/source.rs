//! Where a tool comes from: exactly one source a tool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Where a tool comes from. Serialised, it is the part of the recipe that goes into the key.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Cargo(CargoSource),
    Pip(PipSource),
    Npm(NpmSource),
    Binary(BinarySource),
    Deb(DebSource),
    Script(ScriptSource),
}

impl Source {
    /// The word of the manifest for it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cargo(_) => "cargo",
            Self::Pip(_) => "pip",
            Self::Npm(_) => "npm",
            Self::Binary(_) => "binary",
            Self::Deb(_) => "deb",
            Self::Script(_) => "script",
        }
    }

    /// The version that the source itself names.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Cargo(cargo) => cargo.version.as_deref(),
            Self::Pip(pip) => pip.version.as_deref(),
            Self::Npm(npm) => npm.version.as_deref(),
            Self::Binary(_) | Self::Deb(_) | Self::Script(_) => None,
        }
    }
}

/// `cargo install` of a crate from the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CargoSource {
    pub package: String,
    /// Exact version; the newest when absent.
    pub version: Option<String>,
    #[serde(default)]
    pub features: Vec<String>,
    /// `false` leaves the crate's default features out.
    #[serde(default = "yes")]
    pub default_features: bool,
    /// Use the lock file that the crate ships. `false` resolves its dependencies anew.
    #[serde(default = "yes")]
    pub locked: bool,
}

/// Python packages in a virtual environment of the tool's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PipSource {
    pub package: String,
    /// Exact version; the newest when absent.
    pub version: Option<String>,
    #[serde(default)]
    pub extras: Vec<String>,
    /// Further requirements, as pip reads them (`torch==2.9.0`).
    #[serde(default)]
    pub with: Vec<String>,
    /// Make it importable for the machine's `python3`. When absent: if the package brings no
    /// program of its own.
    pub library: Option<bool>,
}

/// An npm package with its dependencies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NpmSource {
    pub package: String,
    /// Exact version; the newest when absent.
    pub version: Option<String>,
    /// Further packages beside it: name → version.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
    /// npm's `overrides`: name → version.
    #[serde(default)]
    pub overrides: BTreeMap<String, String>,
    /// Text of a `package-lock.json`; with it `npm ci` runs and nothing is resolved.
    pub lock: Option<String>,
    /// Let packages run their install scripts.
    #[serde(default)]
    pub scripts: bool,
}

/// A file or archive with a known digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BinarySource {
    /// `https://…`, `file:///…`, or a registry's artefact behind whatever mirror the client is
    /// configured for: `pypi:NAME==VERSION/FILE.whl`, `npm:NAME@VERSION`.
    pub url: ArtifactUrl,
    pub sha256: Digest,
    /// What to take out of an archive; everything when empty.
    #[serde(default)]
    pub take: Vec<Take>,
    /// How many leading directories of an archive's paths to drop, where `take` is empty.
    #[serde(default)]
    pub strip: u8,
    /// Symbolic links to make in the prefix: path → what it points to.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
}

/// One path taken out of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// A file of the archive, or a directory with everything under it.
    pub from: String,
    /// Where it goes inside the prefix.
    pub to: String,
    /// Make it executable, whatever the archive says (zip files often say nothing).
    #[serde(default)]
    pub executable: bool,
}

/// Debian packages with all that they need, in a root of the tool's own: no script of theirs is
/// run, and nothing outside of the prefix is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DebSource {
    /// Names, each perhaps with `=VERSION`. Their programs are published.
    pub packages: Vec<String>,
    /// The release's code name, with its updates and security updates; the machine's own when
    /// absent.
    pub suite: Option<String>,
    /// An archive of one's own, from which `suite` alone is read. When absent: `[registries]
    /// debian`, `LOA_DEBIAN_MIRROR`, or what apt is configured for.
    pub mirror: Option<String>,
    #[serde(default = "main")]
    pub components: Vec<String>,
    /// Packages that are left out with all that they alone need: something else brings them.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whom to trust beside Debian: files with certificates, or their armoured text.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Variables for the installers of tools that require this one; placeholders allowed. What
    /// the caller has set goes first.
    #[serde(default)]
    pub exports: BTreeMap<String, String>,
}

fn main() -> Vec<String> {
    vec!["main".to_owned()]
}

/// Commands of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScriptSource {
    /// Program and arguments; placeholders allowed. `PREFIX` and `STAGE` are in its environment.
    pub run: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Where an artefact is fetched from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub enum ArtifactUrl {
    Web(String),
    File(String),
    Pypi { name: String, version: String, file: String },
    Npm { name: String, version: String },
}

impl TryFrom<String> for ArtifactUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(Self::Web(text));
        }
        if let Some(path) = text.strip_prefix("file://") {
            if path.starts_with('/') {
                return Ok(Self::File(path.to_owned()));
            }
            return Err(format!("`{text}`: a file URL is `file:///` and an absolute path"));
        }
        if let Some(rest) = text.strip_prefix("pypi:") {
            let parts = rest.split_once('/').and_then(|(requirement, file)| {
                requirement.split_once("==").map(|(name, version)| (name, version, file))
            });
            return match parts {
                Some((name, version, file)) if !file.contains('/') => Ok(Self::Pypi {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    file: file.to_owned(),
                }),
                _ => Err(format!("`{text}`: write `pypi:NAME==VERSION/FILE.whl`")),
            };
        }
        if let Some(rest) = text.strip_prefix("npm:") {
            return match rest.rsplit_once('@') {
                Some((name, version)) if !name.is_empty() && !version.is_empty() => {
                    Ok(Self::Npm { name: name.to_owned(), version: version.to_owned() })
                }
                _ => Err(format!("`{text}`: write `npm:NAME@VERSION`")),
            };
        }
        Err(format!(
            "`{text}` is not an address: https://…, file:///…, pypi:NAME==VERSION/FILE.whl or \
             npm:NAME@VERSION"
        ))
    }
}

impl From<ArtifactUrl> for String {
    fn from(url: ArtifactUrl) -> Self {
        match url {
            ArtifactUrl::Web(url) => url,
            ArtifactUrl::File(path) => format!("file://{path}"),
            ArtifactUrl::Pypi { name, version, file } => format!("pypi:{name}=={version}/{file}"),
            ArtifactUrl::Npm { name, version } => format!("npm:{name}@{version}"),
        }
    }
}
