//! What health answers, made from [`Status`] alone.

pub mod checks;
pub mod draft;

use std::collections::BTreeMap;

use serde::Serialize;

use self::checks::Check;
use crate::confinement::Report;
use crate::event::Progress;
use crate::name::ToolName;
use crate::state::ToolStatus;
use crate::status::{LoaderState, ServiceStatus, Status, ToolView};
use crate::time::Timestamp;
use crate::volume::Volume;

/// The specification's three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Healthy,
    Degraded,
    Unhealthy,
}

impl Verdict {
    /// The HTTP status: degraded still serves, so it is a 200.
    pub fn http_status(self) -> u16 {
        match self {
            Self::Healthy | Self::Degraded => 200,
            Self::Unhealthy => 503,
        }
    }
}

/// For how long after a restart of the service health says `degraded`.
const RESTARTED_LATELY_MS: u64 = 5 * 60 * 1000;

/// The short document: `GET /health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    pub status: Verdict,
    /// `running` or `stopped`.
    pub gateway: &'static str,
    /// Whole seconds since lightship started.
    pub uptime: u64,
}

/// The specification's document, `GET /health?full=true`, and more beside it.
#[derive(Clone, Debug, Serialize)]
pub struct FullHealth {
    #[serde(flatten)]
    pub health: Health,
    pub tools: Tools,
    pub capabilities: BTreeMap<String, bool>,
    pub rights: Rights,
    /// What is only for those who may see details.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub more: Option<More>,
}

/// What whoever asks may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// See why: errors, reasons, processes, paths, logs.
    pub details: bool,
    /// Change something: promote, retry, reload, stop.
    pub control: bool,
}

/// The details beside the specification's document.
#[derive(Clone, Debug, Serialize)]
pub struct More {
    pub service: Service,
    pub loader: Loader,
    pub checks: Vec<Check>,
    pub warnings: Vec<String>,
    /// Why the status is not `healthy`: a sentence each.
    pub reasons: Vec<String>,
    pub started: Timestamp,
    /// Where commands are taken, if anywhere.
    pub control: Option<String>,
    pub version: &'static str,
}

/// `tools`: the specification's three fields, then details of each tool.
#[derive(Clone, Debug, Serialize)]
pub struct Tools {
    pub loading: bool,
    pub complete: bool,
    pub status: BTreeMap<ToolName, ToolStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<BTreeMap<ToolName, Detail>>,
}

/// One tool beside the specification's word for it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<&'static str>,
    pub source: String,
    pub priority: i32,
    /// Waits until somebody asks for it.
    pub on_demand: bool,
    /// When its install began, while it is being installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Which attempt it is, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// How long its last attempt took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// How far its installer was confined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confinement: Option<String>,
    /// Whole seconds since its install began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed: Option<u64>,
    /// Whole seconds that its install is expected to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<u64>,
}

/// The service beside the specification's word for it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    pub pid: Option<u32>,
    pub ready: bool,
    pub ready_since: Option<Timestamp>,
    /// How long it took to become ready, in milliseconds.
    pub time_to_ready_ms: Option<u64>,
    pub restarts: u32,
    /// Exit code of its last process, 128+n for a signal.
    pub last_exit: Option<u8>,
    pub last_exit_at: Option<Timestamp>,
    /// While it waits to be started again: how long in all, in milliseconds.
    pub backoff_ms: Option<u64>,
    /// Why it could not be executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The loader.
#[derive(Clone, Debug, Serialize)]
pub struct Loader {
    pub state: &'static str,
    pub restarts: u32,
    /// Tools that are installed at once.
    pub slots: usize,
    /// The tool directory, once the loader has said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// How far installers are confined; nothing as long as none was needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confinement: Option<Report>,
    /// What it found the tool directory's volume to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<Volume>,
}

/// The verdict, and a sentence for each thing that keeps it from being healthy.
pub fn verdict(status: &Status, now: Timestamp) -> (Verdict, Vec<String>) {
    let mut reasons = Vec::new();
    let mut verdict = Verdict::Healthy;
    let mut find = |worse: Verdict, reason: String| {
        verdict = verdict.max(worse);
        reasons.push(reason);
    };
    let service = &status.service;
    if status.stopping {
        find(Verdict::Unhealthy, "stopping".to_owned());
    } else if service.pid.is_none() {
        find(Verdict::Unhealthy, "the service does not run".to_owned());
    } else if service.ready_since.is_none() {
        find(Verdict::Unhealthy, "the service is not ready yet".to_owned());
    }
    let lately = |at: Timestamp| now.since(at).as_millis() < u128::from(RESTARTED_LATELY_MS);
    if service.restarts > 0 && service.last_exit_at.is_some_and(lately) {
        find(Verdict::Degraded, "the service was restarted in the last five minutes".to_owned());
    }
    for tool in status.tools.values() {
        if tool.change.status == ToolStatus::Failed {
            find(Verdict::Degraded, format!("tool {} failed", tool.change.name));
        }
    }
    if status.loader.state == LoaderState::Failed {
        find(Verdict::Degraded, "the loader failed".to_owned());
    }
    if let Some(failure) = status.loader.volume_failure() {
        find(Verdict::Degraded, failure);
    }
    (verdict, reasons)
}

/// The short document.
pub fn health(status: &Status, started: Timestamp, now: Timestamp) -> Health {
    Health {
        status: verdict(status, now).0,
        gateway: if status.service.pid.is_some() { "running" } else { "stopped" },
        uptime: now.since(started).as_secs(),
    }
}

/// The full document, for someone with `rights`. `control` is the address of the control socket.
pub fn full_health(
    status: &Status,
    capabilities: &BTreeMap<String, Vec<ToolName>>,
    started: Timestamp,
    now: Timestamp,
    rights: Rights,
    control: Option<&str>,
) -> FullHealth {
    let each = || status.tools.iter();
    let details = || each().map(|(name, tool)| (name.clone(), detail(tool, now))).collect();
    FullHealth {
        health: health(status, started, now),
        tools: Tools {
            loading: status.is_loading(),
            complete: status.is_complete(),
            status: each().map(|(name, tool)| (name.clone(), tool.change.status)).collect(),
            details: rights.details.then(details),
        },
        capabilities: capabilities
            .iter()
            .map(|(name, tools)| (name.clone(), status.has(tools)))
            .collect(),
        rights,
        more: rights.details.then(|| More {
            service: service(&status.service),
            loader: Loader {
                state: status.loader.state.as_str(),
                restarts: status.loader.restarts,
                slots: status.loader.slots,
                dir: status.loader.dir.clone(),
                confinement: status.loader.confinement.clone(),
                volume: status.loader.volume.clone(),
            },
            checks: checks::all(status),
            warnings: status.warnings.clone(),
            reasons: verdict(status, now).1,
            started,
            control: control.map(str::to_owned),
            version: env!("CARGO_PKG_VERSION"),
        }),
    }
}

fn service(service: &ServiceStatus) -> Service {
    Service {
        pid: service.pid,
        ready: service.ready_since.is_some(),
        ready_since: service.ready_since,
        time_to_ready_ms: service.ready_after_ms,
        restarts: service.restarts,
        last_exit: service.last_exit.map(crate::event::Exit::code),
        last_exit_at: service.last_exit_at,
        backoff_ms: service.restart_in_ms,
        error: service.error.clone(),
    }
}

fn detail(tool: &ToolView, now: Timestamp) -> Detail {
    let change = &tool.change;
    Detail {
        version: change.version.clone(),
        installed_at: change.installed_at.map(String::from),
        error: change.error.clone(),
        reason: change.reason.clone(),
        phase: tool.progress.as_ref().map(|progress| progress.phase.as_str()),
        source: tool.source.clone(),
        priority: tool.priority,
        on_demand: tool.on_demand,
        started: tool.started,
        progress: tool.progress.clone(),
        attempt: change.attempt,
        took_ms: tool.tally.took_ms,
        confinement: change.confinement.clone(),
        elapsed: tool.started.map(|started| now.since(started).as_secs()),
        estimate: tool.estimate_ms.map(|estimate| estimate / 1000),
    }
}

#[cfg(test)]
mod tests;
