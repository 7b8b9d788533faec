//! A receipt: the proof, and the only one, that a tool is installed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::key::Key;
use crate::name::{BinName, ToolName};
use crate::time::Timestamp;

/// The layout of the store that these receipts belong to; a part of every key.
pub const LAYOUT: u32 = 1;

/// What was installed, from what, with what result. Old receipts keep parsing: new fields are
/// optional and say since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    pub layout: u32,
    pub name: ToolName,
    /// The version as the manifest has it; part of the directory's name.
    pub version: String,
    /// The version that was found installed, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_version: Option<String>,
    pub key: Key,
    pub source: String,
    pub started_at: Timestamp,
    pub installed_at: Timestamp,
    /// Bytes in the prefix.
    pub bytes: u64,
    /// Files in the prefix.
    pub files: u64,
    /// The programs that it publishes.
    pub bins: Vec<Entry>,
    /// What it makes importable for the machine's Python.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<PythonLibrary>,
    /// Variables for the installers of tools that require it. Since 0.1.0.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exports: BTreeMap<String, String>,
    /// The tool was on the machine already: the entries lie outside the store and there is no
    /// prefix.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pre_existing: bool,
    /// How far the installer was confined. `env`: a scrubbed environment, an own process group.
    pub confinement: String,
    /// Digest of the installer's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Digest>,
    /// The lightship that wrote this.
    pub lightship: String,
}

impl Receipt {
    /// Name of the tool's directory in the store, and of its receipt without `.json`.
    pub fn slug(&self) -> String {
        slug(&self.name, &self.version, &self.key)
    }

    /// The version to show; of a tool that was there before, only what it said itself.
    pub fn shown_version(&self) -> Option<&str> {
        let wanted = (!self.pre_existing).then_some(self.version.as_str());
        self.resolved_version.as_deref().or(wanted)
    }
}

/// `<name>-<version>-<key12>`.
pub fn slug(name: &ToolName, version: &str, key: &Key) -> String {
    format!("{name}-{version}-{}", key.short())
}

/// A program that a tool publishes, with what a start checks cheaply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub name: BinName,
    /// Relative to the prefix; absolute for a pre-existing tool.
    pub path: String,
    /// Of the file behind all links, in bytes.
    pub size: u64,
}

/// A directory that Python imports from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonLibrary {
    /// `sys.implementation.cache_tag` of the Python that it was installed for: `cpython-311`.
    pub tag: String,
    /// `site-packages`, relative to the prefix.
    pub site: String,
}
