//! `loader-state.json`: the specification's file, with its fields and words exactly.
//!
//! It is derived from the receipts: lost or corrupt, it is made anew.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::ToolChange;
use crate::name::ToolName;
use crate::time::Timestamp;

/// The specification's five words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolStatus {
    Pending,
    Installing,
    Installed,
    Failed,
    Skipped,
}

impl ToolStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Installing => "installing",
            Self::Installed => "installed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Nothing more happens to it by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Installed | Self::Failed | Self::Skipped)
    }
}

impl fmt::Display for ToolStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// When a tool was installed, or that it was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum InstalledAt {
    PreExisting,
    At(Timestamp),
}

const PRE_EXISTING: &str = "pre-existing";

impl TryFrom<String> for InstalledAt {
    type Error = crate::time::TimestampError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == PRE_EXISTING { Ok(Self::PreExisting) } else { text.try_into().map(Self::At) }
    }
}

impl From<InstalledAt> for String {
    fn from(at: InstalledAt) -> Self {
        at.to_string()
    }
}

impl fmt::Display for InstalledAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PreExisting => f.write_str(PRE_EXISTING),
            Self::At(time) => time.fmt(f),
        }
    }
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoaderState {
    pub started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    pub tools: BTreeMap<ToolName, ToolState>,
}

/// One tool in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolState {
    pub name: ToolName,
    pub status: ToolStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_at: Option<InstalledAt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&ToolChange> for ToolState {
    fn from(change: &ToolChange) -> Self {
        Self {
            name: change.name.clone(),
            status: change.status,
            version: change.version.clone(),
            installed_at: change.installed_at,
            error: change.error.clone(),
            reason: change.reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's data model, as it stands there.
    const EXAMPLE: &str = r#"{
      "startedAt": "2026-02-04T11:00:00Z",
      "completedAt": "2026-02-04T11:15:00Z",
      "tools": {
        "rust": { "name": "rust", "status": "installed", "version": "1.75.0",
                  "installedAt": "2026-02-04T11:02:00Z" },
        "ck-search": { "name": "ck-search", "status": "installed",
                       "installedAt": "2026-02-04T11:07:00Z" },
        "sentence-transformers": { "name": "sentence-transformers", "status": "failed",
                                   "error": "pip install failed: out of memory" }
      }
    }"#;

    #[test]
    fn the_specifications_example_reads_and_writes_the_same_fields() {
        let state: LoaderState = serde_json::from_str(EXAMPLE).unwrap();
        let ours = serde_json::to_value(&state).unwrap();
        let text = serde_json::to_string(&ours).unwrap().replace(".000Z", "Z");
        let theirs: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), theirs);
    }

    #[test]
    fn the_words_are_the_specifications() {
        let words: Vec<String> = [
            ToolStatus::Pending,
            ToolStatus::Installing,
            ToolStatus::Installed,
            ToolStatus::Failed,
            ToolStatus::Skipped,
        ]
        .iter()
        .map(|status| serde_json::to_string(status).unwrap())
        .collect();
        assert_eq!(words.join(" "), r#""pending" "installing" "installed" "failed" "skipped""#);
        assert_eq!(serde_json::to_string(&InstalledAt::PreExisting).unwrap(), "\"pre-existing\"");
    }
}
