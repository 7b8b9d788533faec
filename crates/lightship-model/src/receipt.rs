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
    /// Digest of the list of the prefix's files and their digests, which lies beside the
    /// receipt; since 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<Digest>,
    /// The newest line of the audit trail when this was written; since 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditMark>,
    /// The lightship that wrote this.
    pub lightship: String,
}

impl Receipt {
    /// Name of the tool's directory in the store, and of its receipt without `.json`.
    pub fn slug(&self) -> String {
        slug(&self.name, &self.version, &self.key)
    }

    /// Whether every path in it stays where it belongs: programs and libraries in the prefix,
    /// programs of a pre-existing tool at an absolute path. A receipt is a file that anybody may
    /// have written; one that names other places proves nothing.
    pub fn is_sound(&self) -> bool {
        let program = |entry: &Entry| {
            if self.pre_existing { is_absolute(&entry.path) } else { is_inside(&entry.path) }
        };
        let library = |python: &PythonLibrary| {
            is_inside(&python.site) && is_inside(&python.tag) && !python.tag.contains('/')
        };
        is_inside(&self.version)
            && !self.version.contains('/')
            && self.bins.iter().all(program)
            && self.python.as_ref().is_none_or(library)
    }

    /// The version to show; of a tool that was there before, only what it said itself.
    pub fn shown_version(&self) -> Option<&str> {
        let wanted = (!self.pre_existing).then_some(self.version.as_str());
        self.resolved_version.as_deref().or(wanted)
    }
}

/// Whether `path` is relative and goes down alone.
fn is_inside(path: &str) -> bool {
    !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A search path may have led there by any way.
fn is_absolute(path: &str) -> bool {
    path.starts_with('/') && !path.contains('\0')
}

/// `<name>-<version>-<key12>`.
pub fn slug(name: &ToolName, version: &str, key: &Key) -> String {
    format!("{name}-{version}-{}", key.short())
}

/// A line of the audit trail, as somebody else remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditMark {
    /// From 1, over all files of the trail.
    pub line: u64,
    /// Of the line without its newline.
    pub digest: Digest,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(change: &str, to: &str) -> Receipt {
        let key = Digest::of(b"x");
        let text = format!(
            r#"{{"layout":1,"name":"x","version":"1","key":"{key}","source":"script",
                "startedAt":"2026-02-04T11:00:00Z","installedAt":"2026-02-04T11:00:00Z",
                "bytes":0,"files":0,"bins":[{{"name":"x","path":"bin/x","size":1}}],
                "python":{{"tag":"cpython-311","site":"lib/site-packages"}},
                "confinement":"env","lightship":"0"}}"#
        );
        serde_json::from_str(&text.replace(change, to)).unwrap()
    }

    #[test]
    fn no_path_of_a_sound_receipt_leaves_its_place() {
        assert!(receipt("", "").is_sound());
        for bad in ["../../etc/passwd", "/etc/passwd", "bin/../../x", "", "bin//x", "./x"] {
            assert!(!receipt("bin/x", bad).is_sound(), "{bad}");
            assert!(!receipt("lib/site-packages", bad).is_sound(), "{bad}");
            assert!(!receipt("cpython-311", bad).is_sound(), "{bad}");
            assert!(!receipt("\"1\"", &format!("\"{bad}\"")).is_sound(), "{bad}");
        }
        assert!(!receipt("cpython-311", "a/b").is_sound());
    }

    #[test]
    fn a_program_that_was_there_before_has_an_absolute_path() {
        let there = |path| {
            let mut receipt = receipt("bin/x", path);
            receipt.pre_existing = true;
            receipt.is_sound()
        };
        assert!(there("/usr/bin/x"));
        assert!(there("/opt/../usr//bin/x"));
        assert!(!there("bin/x") && !there("../x"));
    }
}
