//! The one "now": a fold over events. Every view — health, progress bars, `tools status` — is
//! a reading of it.

use std::collections::BTreeMap;

use crate::confinement::Report;
use crate::event::{Event, Exit, Fault, Phase, PlannedTool, Progress, ToolChange, Unit, What};
use crate::history::{History, Kind, Mark};
use crate::name::ToolName;
use crate::state::ToolStatus;
use crate::time::Timestamp;
use crate::volume::Volume;
use crate::waits::Waits;

/// Everything that is known about a running container.
#[derive(Clone, Debug, Default)]
pub struct Status {
    pub service: ServiceStatus,
    pub loader: LoaderStatus,
    pub tools: BTreeMap<ToolName, ToolView>,
    /// Newest last; at most [`MAX_WARNINGS`].
    pub warnings: Vec<String>,
    pub stopping: bool,
}

const MAX_WARNINGS: usize = 16;

/// How the service stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceStatus {
    /// The process, while it runs.
    pub pid: Option<u32>,
    /// Since when it has been ready, while it is.
    pub ready_since: Option<Timestamp>,
    /// It was ready once since lightship started.
    pub was_ready: bool,
    /// How long its newest process took to become ready, in milliseconds.
    pub ready_after_ms: Option<u64>,
    /// Processes that ran.
    pub starts: u32,
    pub restarts: u32,
    /// How many of them were after a process that a signal ended, without a fault that is known.
    pub restarts_by_signal: u32,
    pub restarts_by_probe: u32,
    pub restarts_by_oom: u32,
    /// What is known to be wrong with its newest process.
    pub fault: Option<Fault>,
    /// While it waits to be started again: how long in all, in milliseconds.
    pub restart_in_ms: Option<u64>,
    pub last_exit: Option<Exit>,
    pub last_exit_at: Option<Timestamp>,
    pub error: Option<String>,
    pub history: History,
}

/// How the loader stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoaderStatus {
    pub state: LoaderState,
    pub restarts: u32,
    pub slots: usize,
    pub dir: Option<String>,
    /// How far installers are confined, once the loader has tried.
    pub confinement: Option<Report>,
    /// What it last said of the tool directory's volume.
    pub volume: Option<Volume>,
}

impl LoaderStatus {
    /// A sentence for a volume that tools can't live on.
    pub fn volume_failure(&self) -> Option<String> {
        self.volume.as_ref().and_then(Volume::failure)
    }
}

/// A word for the loader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoaderState {
    /// Not started yet: the service comes first.
    #[default]
    Waiting,
    Running,
    /// It ended before its work; it is started again.
    Restarting,
    /// Nothing is left to do.
    Complete,
    /// It ended before its work too often.
    Failed,
}

impl LoaderState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }
}

/// How a tool stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolView {
    pub change: ToolChange,
    pub source: String,
    pub priority: i32,
    pub requires: Vec<ToolName>,
    pub on_demand: bool,
    pub estimate_ms: Option<u64>,
    /// While it is being installed.
    pub started: Option<Timestamp>,
    pub progress: Option<Progress>,
    pub tally: Tally,
    pub history: History,
}

/// What has come of a tool's installs since lightship started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub installed: u32,
    pub failed: u32,
    /// How long the last attempt took, in milliseconds.
    pub took_ms: Option<u64>,
    /// Bytes downloaded, by all attempts.
    pub downloaded: u64,
}

impl Tally {
    fn count(&mut self, change: &ToolChange) {
        // Without a duration nothing was tried: it was found installed, or is held up.
        let Some(took_ms) = change.took_ms else { return };
        self.took_ms = Some(took_ms);
        match change.status {
            ToolStatus::Installed => self.installed = self.installed.saturating_add(1),
            ToolStatus::Failed => self.failed = self.failed.saturating_add(1),
            ToolStatus::Pending | ToolStatus::Installing | ToolStatus::Skipped => {}
        }
    }
}

/// The bytes that `progress` has downloaded.
fn downloaded(progress: Option<&Progress>) -> u64 {
    let bytes = |progress: &&Progress| {
        progress.phase == Phase::Downloading && progress.unit == Some(Unit::Bytes)
    };
    progress.filter(bytes).and_then(|progress| progress.done).unwrap_or(0)
}

impl Status {
    /// A status that knows the manifest's tools, before any loader has said a word.
    pub fn expecting(tools: impl IntoIterator<Item = PlannedTool>) -> Self {
        let mut status = Self::default();
        status.plan(tools, None);
        status
    }

    /// Takes an event in.
    pub fn apply(&mut self, event: &Event) {
        match &event.what {
            What::HealthListening { .. } => {}
            What::ServiceStarted { pid, .. } => {
                self.service.pid = Some(*pid);
                self.service.ready_since = None;
                self.service.error = None;
                self.service.restart_in_ms = None;
                self.service.fault = None;
                self.service.starts = self.service.starts.saturating_add(1);
                self.service.history.push(Mark::new(event.at, Kind::Starting));
            }
            What::ServiceReady { after_ms, .. } => {
                self.service.ready_since = Some(event.at);
                self.service.ready_after_ms = Some(*after_ms);
                self.service.was_ready = true;
                self.service.history.push(Mark::new(event.at, Kind::Ready));
            }
            What::ServiceLate { after_ms } => {
                self.warn(format!("the service is not ready after {} s", after_ms / 1000));
            }
            What::ServiceFaulted { fault, message } => {
                self.service.fault = Some(*fault);
                self.warn(message.clone());
            }
            What::ServiceExited { exit, restart_in_ms } => {
                self.service.pid = None;
                self.service.ready_since = None;
                self.service.last_exit = Some(*exit);
                self.service.last_exit_at = Some(event.at);
                let restarts = u32::from(restart_in_ms.is_some());
                self.service.restarts += restarts;
                match (self.service.fault, exit) {
                    (Some(Fault::Probe), _) => self.service.restarts_by_probe += restarts,
                    (Some(Fault::Oom), _) => self.service.restarts_by_oom += restarts,
                    (None, Exit::Signal(_)) => self.service.restarts_by_signal += restarts,
                    (None, Exit::Code(_)) => {}
                }
                self.service.restart_in_ms = *restart_in_ms;
                self.service.history.push(Mark::exited(event.at, *exit, *restart_in_ms));
            }
            What::ServiceFailed { error } => {
                self.service.pid = None;
                self.service.error = Some(error.clone());
                self.service.history.push(Mark::new(event.at, Kind::Down).saying(error));
            }
            What::LoaderStarted { .. } => self.loader.state = LoaderState::Running,
            What::LoaderExited { exit, restart_in_ms } => {
                self.loader_exited(event.at, *exit, *restart_in_ms);
            }
            What::Stopping { reason } => {
                self.stopping = true;
                if self.service.pid.is_some() {
                    let mark = Mark::new(event.at, Kind::Stopping).saying(reason);
                    self.service.history.push(mark);
                }
            }
            What::Plan { tools, slots, dir } => {
                self.loader.slots = *slots;
                self.loader.dir = Some(dir.clone());
                self.plan(tools.iter().cloned(), Some(event.at));
            }
            What::Confinement(report) => self.loader.confinement = Some(report.clone()),
            What::Volume(volume) => self.loader.volume = Some(Volume::clone(volume)),
            What::Tool(change) => self.tool(event.at, change),
            What::Progress { name, progress } => {
                let installing =
                    |tool: &&mut ToolView| tool.change.status == ToolStatus::Installing;
                if let Some(tool) = self.tools.get_mut(name).filter(installing) {
                    // A download that begins anew counts anew.
                    let before = downloaded(tool.progress.as_ref());
                    let after = downloaded(Some(progress));
                    let more = after.checked_sub(before).unwrap_or(after);
                    tool.tally.downloaded = tool.tally.downloaded.saturating_add(more);
                    tool.progress = Some(progress.clone());
                }
            }
            What::LoadComplete { .. } => self.loader.state = LoaderState::Complete,
            What::Warning { message } => self.warn(message.clone()),
        }
    }

    fn warn(&mut self, message: String) {
        if self.warnings.len() == MAX_WARNINGS {
            self.warnings.remove(0);
        }
        self.warnings.push(message);
    }

    /// Takes a plan in. What is known of a tool's past stays known; without a time the plan is
    /// only what is expected, and no part of that past.
    fn plan(&mut self, tools: impl IntoIterator<Item = PlannedTool>, at: Option<Timestamp>) {
        let mut before = std::mem::take(&mut self.tools);
        self.tools = tools
            .into_iter()
            .map(|planned| {
                let name = planned.change.name.clone();
                let (tally, mut history) =
                    before.remove(&name).map(|tool| (tool.tally, tool.history)).unwrap_or_default();
                if let Some(at) = at {
                    history.push(Mark::tool(at, &planned.change));
                }
                let view = ToolView {
                    change: planned.change,
                    source: planned.source,
                    priority: planned.priority,
                    requires: planned.requires,
                    on_demand: planned.on_demand,
                    estimate_ms: planned.estimate_ms,
                    started: None,
                    progress: None,
                    tally,
                    history,
                };
                (name, view)
            })
            .collect();
    }

    fn tool(&mut self, at: Timestamp, change: &ToolChange) {
        let Some(tool) = self.tools.get_mut(&change.name) else { return };
        let installing = change.status == ToolStatus::Installing;
        tool.started = installing.then(|| tool.started.unwrap_or(at));
        // Once it stands in line, somebody has asked for it.
        let asked_for = change.waits.as_ref().is_some_and(Waits::is_in_line);
        tool.on_demand &= change.status == ToolStatus::Pending && !asked_for;
        tool.progress = None;
        tool.tally.count(change);
        tool.change = change.clone();
        tool.history.push(Mark::tool(at, change));
    }

    /// A loader that ended took its installers with it: what it was installing is pending again.
    fn loader_exited(&mut self, at: Timestamp, exit: Exit, restart_in_ms: Option<u64>) {
        if restart_in_ms.is_some() {
            self.loader.state = LoaderState::Restarting;
            self.loader.restarts += 1;
        } else if exit.is_success() {
            self.loader.state = LoaderState::Complete;
        } else if self.loader.state != LoaderState::Complete && !self.stopping {
            // PID 1 says why in a warning of its own.
            self.loader.state = LoaderState::Failed;
        }
        for tool in self.tools.values_mut() {
            if tool.change.status == ToolStatus::Installing {
                tool.started = None;
                tool.progress = None;
                tool.change = ToolChange::new(tool.change.name.clone(), ToolStatus::Pending)
                    .waiting(Waits::Loader)
                    .because("the loader ended while it was installed");
                tool.history.push(Mark::tool(at, &tool.change));
            }
        }
    }

    /// Whether tools are being loaded, or will be by themselves.
    pub fn is_loading(&self) -> bool {
        !self.is_complete()
    }

    /// Whether every tool has come to its end (or waits to be asked for).
    pub fn is_complete(&self) -> bool {
        let done = |tool: &ToolView| tool.change.status.is_final() || tool.on_demand;
        self.tools.values().all(done) || self.loader.state == LoaderState::Failed
    }

    pub fn count(&self, status: ToolStatus) -> usize {
        self.tools.values().filter(|tool| tool.change.status == status).count()
    }

    /// Whether all of `tools` are installed.
    pub fn has(&self, tools: &[ToolName]) -> bool {
        let installed = |name: &ToolName| {
            self.tools.get(name).is_some_and(|tool| tool.change.status == ToolStatus::Installed)
        };
        tools.iter().all(installed)
    }
}
