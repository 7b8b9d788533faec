//! How installers are confined: what a manifest asks for, and what a machine has.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How much confinement is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Confine {
    /// Everything that the machine has.
    #[default]
    Best,
    /// A tool fails where Landlock or seccomp can't be had.
    Required,
    /// A scrubbed environment, idle priority and the limits alone.
    Off,
}

impl Confine {
    /// Reads the manifest's word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "best" => Some(Self::Best),
            "required" => Some(Self::Required),
            "off" => Some(Self::Off),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Required => "required",
            Self::Off => "off",
        }
    }
}

/// What an installer may use; the loader's own bound where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory of all its processes together, in bytes.
    pub memory: Option<u64>,
    /// Processes and threads at once.
    pub processes: Option<u32>,
    /// How long it may print nothing.
    pub silence: Option<Duration>,
}

impl Limits {
    /// These, and where they say nothing `others`.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            memory: self.memory.or(others.memory),
            processes: self.processes.or(others.processes),
            silence: self.silence.or(others.silence),
        }
    }
}

/// Who holds an installer to a limit. By way of a string, as [`crate::volume::Ability`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Keeper {
    /// The kernel, with a control group: at once and exactly.
    Cgroup,
    /// The loader, which looks several times a second and kills.
    Watch,
}

impl TryFrom<String> for Keeper {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        let both = [Self::Cgroup, Self::Watch];
        both.into_iter().find(|one| <&str>::from(*one) == word).ok_or("no keeper of a bound")
    }
}

impl From<Keeper> for &'static str {
    fn from(keeper: Keeper) -> Self {
        match keeper {
            Keeper::Cgroup => "cgroup",
            Keeper::Watch => "watch",
        }
    }
}

/// A bound on what installers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    pub by: Keeper,
    /// Bytes, or processes and threads.
    pub limit: u64,
}

/// How far installers are confined on a machine: tried out, not assumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// As receipts have it: `landlock-7+seccomp+cgroup-memory+cgroup-pids`, or `env`.
    pub level: String,
    /// The kernel's version of Landlock, if it holds installers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landlock: Option<u32>,
    pub seccomp: bool,
    /// Of all installers together.
    pub memory: Bound,
    /// Of each tool.
    pub processes: Bound,
    /// What can't be had here, and why: a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_read_as_they_are_written() {
        for confine in [Confine::Best, Confine::Required, Confine::Off] {
            assert_eq!(Confine::from_word(confine.as_str()), Some(confine));
            let json = serde_json::to_string(&confine).unwrap();
            assert_eq!(json, format!("\"{}\"", confine.as_str()));
        }
        assert_eq!(Confine::from_word("some"), None);
    }

    #[test]
    fn a_tools_own_limit_stands_before_the_loaders() {
        let own = Limits { memory: Some(1), ..Limits::default() };
        let all = Limits { memory: Some(2), processes: Some(3), silence: None };
        assert_eq!(own.or(all), Limits { memory: Some(1), processes: Some(3), silence: None });
    }
}
