//! Events: the only output of the running parts. Progress bars, JSON lines, health, metrics
//! and the audit trail are all made from them.
//!
//! On a pipe an event is one line of JSON: `{"at":"…","event":"tool-status",…}`.

mod cut;

use serde::{Deserialize, Serialize};

pub use self::cut::MAX_WORDS;

use crate::confinement::Report;
use crate::name::ToolName;
use crate::state::{InstalledAt, ToolStatus};
use crate::time::Timestamp;
use crate::volume::Volume;
use crate::waits::Waits;

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub at: Timestamp,
    #[serde(flatten)]
    pub what: What,
}

impl Event {
    pub fn new(at: Timestamp, what: What) -> Self {
        Self { at, what }
    }

    /// The event as one line, with its newline.
    pub fn to_line(&self) -> String {
        // Strings, numbers and maps with string keys always serialise.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// Reads one line; nothing for a line that is no event (of this version).
    pub fn from_line(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }
}

/// What happened. Durations are in milliseconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum What {
    // From the init part.
    /// The health port answers.
    HealthListening { address: String },
    /// The service's process runs.
    ServiceStarted { pid: u32, command: Vec<String> },
    /// The service does its work.
    ServiceReady { pid: u32, after_ms: u64 },
    /// The service took longer than `ready-timeout`; tools are loaded all the same.
    ServiceLate { after_ms: u64 },
    /// The service has not ended by itself, or is about to be ended; its end follows.
    ServiceFaulted { fault: Fault, message: String },
    /// The service's process ended; with `restart_in_ms` it is started again.
    ServiceExited {
        exit: Exit,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restart_in_ms: Option<u64>,
    },
    /// The service could not be executed.
    ServiceFailed { error: String },
    /// The loader's process runs.
    LoaderStarted { pid: u32 },
    /// The loader's process ended; with `restart_in_ms` it is started again.
    LoaderExited {
        exit: Exit,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restart_in_ms: Option<u64>,
    },
    /// Everything is being stopped.
    Stopping { reason: String },

    // From the loader part.
    /// What is wanted, and how it stands.
    Plan { tools: Vec<PlannedTool>, slots: usize, dir: String },
    /// How far installers are confined here.
    Confinement(Report),
    /// What the tool directory's volume can do, and where tools go.
    Volume(Box<Volume>),
    /// A tool's status changed.
    Tool(ToolChange),
    /// How far the tool being installed is.
    Progress { name: ToolName, progress: Progress },
    /// Nothing is left to do.
    LoadComplete { installed: usize, failed: usize, skipped: usize, took_ms: u64 },
    /// Something that the operator should know.
    Warning { message: String },
}

/// What is wrong with a service that has to be started again, beside its exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Its liveness checks failed.
    Probe,
    /// The kernel killed it: the container's memory was used up.
    Oom,
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedTool {
    #[serde(flatten)]
    pub change: ToolChange,
    pub source: String,
    pub priority: i32,
    #[serde(default)]
    pub requires: Vec<ToolName>,
    /// Waits until somebody asks for it.
    #[serde(default)]
    pub on_demand: bool,
    /// Expected duration of the install, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_ms: Option<u64>,
}

/// How a tool stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolChange {
    pub name: ToolName,
    pub status: ToolStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_at: Option<InstalledAt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it stands so, in a few words: what it waits for, why it is skipped or installed anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a pending tool waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// How long the attempt took, when it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// How far its installer was confined, when it is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confinement: Option<String>,
}

impl ToolChange {
    pub fn new(name: ToolName, status: ToolStatus) -> Self {
        Self {
            name,
            status,
            version: None,
            installed_at: None,
            error: None,
            reason: None,
            waits: None,
            attempt: None,
            took_ms: None,
            confinement: None,
        }
    }

    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// Says what it waits for, in words as well.
    #[must_use]
    pub fn waiting(self, waits: Waits) -> Self {
        Self { reason: Some(waits.to_string()), waits: Some(waits), ..self }
    }
}

/// What an attempt is doing right now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub phase: Phase,
    /// The newest line worth showing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// The phases of an attempt, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Looking whether the machine has it already.
    #[default]
    Checking,
    Downloading,
    Unpacking,
    Installing,
    /// Running `verify` on what was installed.
    Verifying,
    /// Getting it onto the disk for good.
    Syncing,
    /// Writing the receipt and the links.
    Publishing,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Downloading => "downloading",
            Self::Unpacking => "unpacking",
            Self::Installing => "installing",
            Self::Verifying => "verifying",
            Self::Syncing => "syncing",
            Self::Publishing => "publishing",
        }
    }
}

/// What `done` and `total` count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Bytes,
    Crates,
    Packages,
    Files,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exit {
    Code(u8),
    Signal(u8),
}

impl Exit {
    /// The code that a shell would give for it.
    pub fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => crate::exit::SIGNAL_BASE.saturating_add(signal),
        }
    }

    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// What PID 1 tells the loader: one line of JSON each, on its standard input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum LoaderCommand {
    /// Load this tool now, and what it requires. The installer of the tool `needed_by` waits for
    /// it.
    Promote {
        tool: ToolName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needed_by: Option<ToolName>,
        /// Who wants it, in words, for the audit trail: `uid 0 pid 7 through the control socket`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_that_reads_back() {
        let change = ToolChange::new("rust".parse().unwrap(), ToolStatus::Installing);
        let what = What::Tool(change.because("a\nb"));
        let event = Event::new(Timestamp::from_millis(1_770_202_800_000), what);
        let line = event.to_line();
        assert_eq!(
            line,
            "{\"at\":\"2026-02-04T11:00:00.000Z\",\"event\":\"tool\",\"name\":\"rust\",\
             \"status\":\"installing\",\"reason\":\"a\\nb\"}\n"
        );
        assert_eq!(Event::from_line(&line), Some(event));
    }

    #[test]
    fn rubbish_is_no_event() {
        for line in ["", "{}", "null", "{\"at\":1,\"event\":\"plan\"}", "Compiling x v1"] {
            assert_eq!(Event::from_line(line), None);
        }
    }

    #[test]
    fn exits_map_to_the_shells_codes() {
        assert_eq!(Exit::Code(7).code(), 7);
        assert_eq!(Exit::Signal(15).code(), 143);
    }
}
