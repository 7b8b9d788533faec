//! What health answers, made from [`Status`] alone.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::name::ToolName;
use crate::state::ToolStatus;
use crate::status::{LoaderState, Status, ToolView};
use crate::time::Timestamp;

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
    pub service: Service,
    pub loader: Loader,
    pub warnings: Vec<String>,
    /// Why the status is not `healthy`: a sentence each.
    pub reasons: Vec<String>,
    pub version: &'static str,
}

/// `tools`: the specification's three fields, then details of each tool.
#[derive(Clone, Debug, Serialize)]
pub struct Tools {
    pub loading: bool,
    pub complete: bool,
    pub status: BTreeMap<ToolName, ToolStatus>,
    pub details: BTreeMap<ToolName, Detail>,
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
    pub restarts: u32,
    /// Exit code of its last process, 128+n for a signal.
    pub last_exit: Option<u8>,
}

/// The loader.
#[derive(Clone, Debug, Serialize)]
pub struct Loader {
    pub state: &'static str,
    pub restarts: u32,
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

/// The full document.
pub fn full_health(
    status: &Status,
    capabilities: &BTreeMap<String, Vec<ToolName>>,
    started: Timestamp,
    now: Timestamp,
) -> FullHealth {
    let (_, reasons) = verdict(status, now);
    let each = || status.tools.iter();
    FullHealth {
        health: health(status, started, now),
        tools: Tools {
            loading: status.is_loading(),
            complete: status.is_complete(),
            status: each().map(|(name, tool)| (name.clone(), tool.change.status)).collect(),
            details: each().map(|(name, tool)| (name.clone(), detail(tool, now))).collect(),
        },
        capabilities: capabilities
            .iter()
            .map(|(name, tools)| (name.clone(), status.has(tools)))
            .collect(),
        service: Service {
            pid: status.service.pid,
            ready: status.service.ready_since.is_some(),
            ready_since: status.service.ready_since,
            restarts: status.service.restarts,
            last_exit: status.service.last_exit.map(crate::event::Exit::code),
        },
        loader: Loader { state: status.loader.state.as_str(), restarts: status.loader.restarts },
        warnings: status.warnings.clone(),
        reasons,
        version: env!("CARGO_PKG_VERSION"),
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
        elapsed: tool.started.map(|started| now.since(started).as_secs()),
        estimate: tool.estimate_ms.map(|estimate| estimate / 1000),
    }
}

#[cfg(test)]
mod tests;
