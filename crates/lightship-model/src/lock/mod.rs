//! `lightship.lock`: what each tool is made of, exactly. Versions, digests and sizes, and no
//! hosts: where the files come from is the clients' business, so one lock works behind any mirror.

mod age;
mod apply;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::age::{Chosen, Gate, Release, is_later};
pub use self::apply::{OFF, State, apply, path, state};
use crate::digest::Digest;
use crate::manifest::Tool;
use crate::name::ToolName;

/// The form of the file that this lightship writes and reads.
pub const FORMAT: u32 = 1;

/// A whole lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pub tools: BTreeMap<ToolName, Entry>,
}

/// What one tool was resolved to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Digest of the recipe that was resolved; with another recipe the entry is stale.
    pub recipe: Digest,
    /// The exact version, where the source knows versions.
    pub version: Option<String>,
    pub locked: Locked,
}

/// The exact files of a tool, by kind of source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Locked {
    Cargo(LockedCargo),
    Pip(Vec<LockedPackage>),
    Npm(LockedNpm),
    Binary(LockedBinary),
    Deb(LockedDeb),
    /// Commands have nothing to resolve; that they are the same ones is all that is known.
    Script,
}

/// A crate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedCargo {
    pub package: String,
    pub version: String,
    /// Of the `.crate` file.
    pub sha256: Digest,
    /// Of the `.crate` file, in bytes.
    pub size: u64,
    /// Text of a `Cargo.lock`, its sources without hosts; absent where the crate ships its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<String>,
}

/// A package of a Python index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPackage {
    /// In the form in which indexes compare names.
    pub name: String,
    pub version: String,
    /// The files of this version that fit the platform: any of them may be installed.
    pub files: Vec<LockedFile>,
}

/// A file by the name that a registry has for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFile {
    pub name: String,
    /// In bytes, where the registry says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    pub sha256: Digest,
}

/// An npm package with everything that it depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedNpm {
    pub package: String,
    pub version: String,
    /// npm's digest of the package's own file: `sha512-…`.
    pub integrity: String,
    /// Text of a `package-lock.json` without addresses.
    pub lock: String,
}

/// A file whose digest stands in the manifest, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedBinary {
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
    /// Where a registry has it: `pypi:…` or `npm:…`. Absent for an address of the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Debian packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedDeb {
    /// When the suites that the packages are from were released, the newest of them: a snapshot
    /// of the archive of that time has every file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The oldest C library that all of them run with, where they need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libc: Option<String>,
    pub packages: Vec<LockedDebPackage>,
}

/// One Debian package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedDebPackage {
    pub name: String,
    pub version: String,
    pub arch: String,
    /// In bytes.
    pub size: u64,
    pub sha256: Digest,
    /// Which archive has it.
    #[serde(default, skip_serializing_if = "DebArchive::is_main")]
    pub archive: DebArchive,
    /// `Filename`: relative to the archive's root.
    pub path: String,
}

/// One of the archives of a Debian; where each of them is, the installing machine knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DebArchive {
    #[default]
    Main,
    Security,
}

impl DebArchive {
    /// The word of the lock file for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Security => "security",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_main(&self) -> bool {
        *self == Self::Main
    }
}

impl Locked {
    /// The word of the lock file for it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cargo(_) => "cargo",
            Self::Pip(_) => "pip",
            Self::Npm(_) => "npm",
            Self::Binary(_) => "binary",
            Self::Deb(_) => "deb",
            Self::Script => "script",
        }
    }

    /// What goes into the tool's key. Nothing for sources whose recipe says everything already:
    /// a lock that is added later changes nothing for them.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::Binary(_) | Self::Script => None,
            // When the same packages were released again changes nothing.
            Self::Deb(deb) => {
                Some(Digest::of(&serde_json::to_vec(&deb.packages).unwrap_or_default()))
            }
            // Structs of strings and numbers always serialise.
            _ => Some(Digest::of(&serde_json::to_vec(self).unwrap_or_default())),
        }
    }

    /// How many files are pinned by digest, and their bytes as far as they are known here.
    pub fn files(&self) -> (usize, u64) {
        match self {
            Self::Cargo(cargo) => {
                let more = cargo.dependencies.as_deref().unwrap_or_default();
                (1 + more.matches("checksum = ").count(), cargo.size)
            }
            Self::Pip(packages) => {
                let files = packages.iter().flat_map(|package| &package.files);
                (files.clone().count(), files.filter_map(|file| file.size).sum())
            }
            Self::Npm(npm) => (npm.lock.matches("\"integrity\":").count(), 0),
            Self::Binary(binary) => (1, binary.size),
            Self::Deb(deb) => (deb.packages.len(), deb.packages.iter().map(|deb| deb.size).sum()),
            Self::Script => (0, 0),
        }
    }
}

/// Digest of what decides how a tool is resolved: its source and version, and nothing of when
/// or how it is loaded.
pub fn recipe(tool: &Tool) -> Digest {
    Digest::of(&serde_json::to_vec(&(&tool.version, &tool.source)).unwrap_or_default())
}
