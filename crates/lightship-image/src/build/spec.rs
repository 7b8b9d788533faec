//! `[image]` of a manifest: what an image holds and what it starts as. Every manifest that is
//! extended adds to it; what the upper one says stands.

mod layer;
mod merge;
#[cfg(test)]
mod tests;
mod warm;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use lightship_model::manifest::{self, DebSource, Load, ManifestErrors, Registries, Text, Which};
use schemars::{Schema, SchemaGenerator};

pub use self::layer::Integrity;
pub use self::warm::{Until, Warm};

/// The JSON Schema of `[image]`; what it refers to goes into `generator`.
pub fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<layer::Layer>()
}

/// A whole, checked `[image]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Debian packages by name, with how much of each is taken.
    pub packages: BTreeMap<String, Take>,
    /// Where they come from; its own list of packages is empty.
    pub deb: DebSource,
    pub registries: Registries,
    pub architecture: Architecture,
    pub npm: Vec<Npm>,
    pub npm_trees: Vec<NpmTree>,
    pub trees: Vec<LocalTree>,
    pub files: Vec<File>,
    pub directories: Vec<Directory>,
    pub users: Vec<User>,
    /// Tools of the manifest that the image has to hold, by name.
    pub baked: Vec<String>,
    /// lightship-init, the loader and the manifest itself are in the image.
    pub runtime: bool,
    /// Packages whose scripts are passed over although nobody has reviewed them.
    pub ignored_scripts: BTreeSet<String>,
    pub start: Start,
    /// A start at build time.
    pub warm: Option<Warm>,
}

/// How much of a package is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// What its rule says is usual; all of it where there is no rule.
    Usual,
    /// These slices of its rule.
    Slices(Vec<String>),
    /// All of it but documentation, manuals and translations.
    Whole,
}

/// What a container of the image starts as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    pub entrypoint: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    pub env: BTreeMap<String, String>,
    pub user: Option<String>,
    pub workdir: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub volumes: BTreeSet<String>,
    /// `8080/tcp`.
    pub ports: BTreeSet<String>,
    pub stop_signal: Option<String>,
}

/// Debian's name of an architecture that images are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    Amd64,
    Arm64,
}

/// Files out of one npm package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Npm {
    pub package: String,
    pub version: String,
    pub integrity: Option<Integrity>,
    /// Path in the package → path in the image.
    pub take: BTreeMap<String, String>,
}

/// An npm project with all that its lock names, as `npm ci` would lay it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpmTree {
    /// `package-lock.json`.
    pub lock: PathBuf,
    /// The project's directory in the image.
    pub to: String,
    /// Links to its programs: name in `usr/local/bin`.
    pub bins: Vec<String>,
    /// Packages that are left out although the lock names them.
    pub without: BTreeSet<String>,
}

/// A directory or archive of the building machine that is laid into the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalTree {
    pub from: PathBuf,
    /// Of the archive, or of the directory's listing.
    pub sha256: Digest,
    pub to: String,
    /// As of a file.
    pub owner: Option<String>,
}

/// One file of the manifest's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub from: From,
    pub to: String,
    pub mode: Option<u32>,
    /// `USER` or `USER:GROUP`, names or numbers.
    pub owner: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    Text(String),
    /// A file of the building machine.
    Path(PathBuf),
    /// A link with this target.
    Link(String),
}

/// A directory that has to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    pub path: String,
    pub mode: u32,
    pub owner: Option<String>,
}

/// An account beside Debian's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
    pub shell: String,
}

impl Architecture {
    /// Of this machine, where images can be made for it.
    pub fn of_machine() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::Amd64),
            "aarch64" => Some(Self::Arm64),
            _ => None,
        }
    }

    /// Debian's name, which is also that of images.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The directory of its libraries in `usr/lib`.
    pub fn triplet(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }

    /// npm's word for it.
    pub fn npm(self) -> &'static str {
        match self {
            Self::Amd64 => "x64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Reads `[image]` of the manifest in `path` and of all that it extends; gives the texts as well,
/// lowest first.
///
/// # Errors
/// Everything that is wrong with it, each with its file, line and column.
pub fn open(path: &Path) -> Result<(Spec, Vec<Text>), ManifestErrors> {
    let which = Which::File(path.to_owned());
    let read = |path: &Path| std::fs::read_to_string(path);
    // What is wrong beside `[image]` is told first, by who knows it.
    let whole = manifest::open(&which, read)?;
    let texts = manifest::texts(&which, read)?;
    let baked = whole.tools_in_order().into_iter().filter(|tool| tool.load == Load::Baked);
    let baked = baked.map(|tool| tool.name.to_string()).collect();
    let spec = merge::merge(&texts, whole.registries, whole.service.as_ref())?;
    Ok((Spec { baked, ..spec }, texts))
}

/// `[image]` of these texts, lowest first.
///
/// # Errors
/// Everything that is wrong with it.
#[cfg(test)]
pub(super) fn of_texts(texts: &[Text]) -> Result<Spec, ManifestErrors> {
    merge::merge(texts, Registries::default(), None)
}
