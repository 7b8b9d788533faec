//! Why a pending tool is not being installed right now.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::ToolName;

/// What a pending tool waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waits {
    /// Somebody has to ask for it.
    Demand,
    /// A tool that it requires has to be there first.
    Requires(ToolName),
    /// All slots are taken, and this tool, which is more urgent, gets the next one.
    Priority(ToolName),
    /// All slots are taken, and nothing more urgent waits.
    Slot,
    /// It is compiled, as that tool is now, which takes every processor.
    Compiler(ToolName),
    /// The pause before the next attempt has to pass.
    Pause,
    /// The loader ended while it was installed, and has to be started again.
    Loader,
}

impl Waits {
    /// Whether it is its turn that it waits for, in a loader that is at work.
    pub fn is_in_line(&self) -> bool {
        matches!(self, Self::Requires(_) | Self::Priority(_) | Self::Slot | Self::Compiler(_))
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demand => f.write_str("waits until it is asked for"),
            Self::Requires(tool) => write!(f, "waits for {tool}"),
            Self::Priority(tool) => write!(f, "waits for a slot, after {tool}"),
            Self::Slot => f.write_str("waits for a slot"),
            Self::Compiler(tool) => write!(f, "waits until {tool} is compiled"),
            Self::Pause => f.write_str("waits for the next attempt"),
            Self::Loader => f.write_str("waits for the loader"),
        }
    }
}
