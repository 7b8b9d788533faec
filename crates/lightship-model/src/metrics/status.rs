//! What a [`Status`] says, as samples.

use super::{
    BUILD, GATEWAY_BACKOFF, GATEWAY_LAST_EXIT, GATEWAY_READY, GATEWAY_RESTARTS, GATEWAY_STARTS,
    GATEWAY_TIME_TO_READY, GATEWAY_UP, LOADER_RESTARTS, LOADER_STATE, STARTED, STATUS,
    TOOL_DOWNLOADED, TOOL_DURATION, TOOL_INSTALLS, TOOL_PROGRESS, TOOL_STATE, TOOLS, UP,
    VOLUME_FREE, VOLUME_USABLE, Writer,
};
use crate::event::{Exit, Progress};
use crate::health::{Verdict, verdict};
use crate::state::ToolStatus;
use crate::status::{LoaderState, ServiceStatus, Status, ToolView};
use crate::time::Timestamp;

const WORDS: [(Verdict, &str); 3] = [
    (Verdict::Healthy, "healthy"),
    (Verdict::Degraded, "degraded"),
    (Verdict::Unhealthy, "unhealthy"),
];

const TOOL_STATES: [ToolStatus; 5] = [
    ToolStatus::Pending,
    ToolStatus::Installing,
    ToolStatus::Installed,
    ToolStatus::Failed,
    ToolStatus::Skipped,
];

const LOADER_STATES: [LoaderState; 5] = [
    LoaderState::Waiting,
    LoaderState::Running,
    LoaderState::Restarting,
    LoaderState::Complete,
    LoaderState::Failed,
];

/// Writes all that `status` knows. `target` is what the program was built for.
pub fn write(out: &mut Writer, status: &Status, target: &str, started: Timestamp, now: Timestamp) {
    out.count(&BUILD, &[env!("CARGO_PKG_VERSION"), target], 1);
    out.millis(&STARTED, &[], started.as_millis());
    out.sample(&UP, &[], now.since(started).as_secs_f64());
    let (verdict, _) = verdict(status, now);
    for (other, word) in WORDS {
        out.is(&STATUS, &[word], verdict == other);
    }
    service(out, &status.service);
    for state in LOADER_STATES {
        out.is(&LOADER_STATE, &[state.as_str()], status.loader.state == state);
    }
    out.count(&LOADER_RESTARTS, &[], status.loader.restarts.into());
    if let Some(volume) = &status.loader.volume {
        out.is(&VOLUME_USABLE, &[], volume.problem.is_none());
        if let Some(space) = volume.space {
            out.count(&VOLUME_FREE, &[], space.free_bytes);
        }
    }
    tools(out, status);
}

fn service(out: &mut Writer, service: &ServiceStatus) {
    out.is(&GATEWAY_UP, &[], service.pid.is_some());
    out.is(&GATEWAY_READY, &[], service.ready_since.is_some());
    out.count(&GATEWAY_STARTS, &[], service.starts.into());
    let others = [
        ("signal", service.restarts_by_signal),
        ("probe", service.restarts_by_probe),
        ("oom", service.restarts_by_oom),
    ];
    let by_exit = service.restarts - others.iter().map(|(_, count)| count).sum::<u32>();
    out.count(&GATEWAY_RESTARTS, &["exit"], by_exit.into());
    for (reason, count) in others {
        out.count(&GATEWAY_RESTARTS, &[reason], count.into());
    }
    if let Some(code) = service.last_exit.map(Exit::code) {
        out.count(&GATEWAY_LAST_EXIT, &[], code.into());
    }
    out.millis(&GATEWAY_BACKOFF, &[], service.restart_in_ms.unwrap_or(0));
    if let Some(millis) = service.ready_after_ms {
        out.millis(&GATEWAY_TIME_TO_READY, &[], millis);
    }
}

fn tools(out: &mut Writer, status: &Status) {
    for state in TOOL_STATES {
        out.count(&TOOLS, &[state.as_str()], u64::try_from(status.count(state)).unwrap_or(0));
    }
    let each = || status.tools.iter().map(|(name, tool)| (name.as_str(), tool));
    for (name, tool) in each() {
        for state in TOOL_STATES {
            out.is(&TOOL_STATE, &[name, state.as_str()], tool.change.status == state);
        }
    }
    for (name, tool) in each() {
        out.count(&TOOL_INSTALLS, &[name, "installed"], tool.tally.installed.into());
        out.count(&TOOL_INSTALLS, &[name, "failed"], tool.tally.failed.into());
    }
    for (name, tool) in each() {
        if let Some(millis) = tool.tally.took_ms {
            out.millis(&TOOL_DURATION, &[name], millis);
        }
    }
    for (name, tool) in each() {
        if let Some(ratio) = ratio(tool) {
            out.sample(&TOOL_PROGRESS, &[name], ratio);
        }
    }
    for (name, tool) in each() {
        out.count(&TOOL_DOWNLOADED, &[name], tool.tally.downloaded);
    }
}

fn ratio(tool: &ToolView) -> Option<f64> {
    if tool.change.status == ToolStatus::Installed {
        return Some(1.0);
    }
    let Progress { done: Some(done), total: Some(total), .. } = tool.progress.as_ref()? else {
        return None;
    };
    // In thousandths: exact, and fine enough.
    let thousandths = done.saturating_mul(1000).checked_div(*total)?.min(1000);
    u16::try_from(thousandths).ok().map(|thousandths| f64::from(thousandths) / 1000.0)
}
