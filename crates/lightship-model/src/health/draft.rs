//! Health in the shape of the IETF's draft "Health Check Response Format for HTTP APIs", which
//! some gateways and monitors read: `Accept: application/health+json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Verdict, verdict};
use crate::state::ToolStatus;
use crate::status::{Status, ToolView};
use crate::time::Timestamp;

/// The media type of this document.
pub const MEDIA_TYPE: &str = "application/health+json";

/// The draft's three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    Pass,
    Warn,
    Fail,
}

impl From<Verdict> for Word {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Healthy => Self::Pass,
            Verdict::Degraded => Self::Warn,
            Verdict::Unhealthy => Self::Fail,
        }
    }
}

/// The whole document.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    pub status: Word,
    /// Version of what is answered here, not of the program.
    pub version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Keys are `component:measurement`.
    pub checks: BTreeMap<String, [Measurement; 1]>,
}

/// One measurement of one component.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measurement {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_id: Option<String>,
    pub component_type: &'static str,
    pub observed_value: Observed,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_unit: Option<&'static str>,
    pub status: Word,
    pub time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Observed {
    Number(u64),
    Word(&'static str),
}

/// The document; errors and reasons are in it only with `details`.
pub fn draft(status: &Status, started: Timestamp, now: Timestamp, details: bool) -> Draft {
    let (verdict, reasons) = verdict(status, now);
    let running = status.service.pid.is_some();
    let ready = status.service.ready_since.is_some();
    let measure = |component: &'static str, observed, word| Measurement {
        component_id: None,
        component_type: component,
        observed_value: observed,
        observed_unit: None,
        status: word,
        time: now,
        output: None,
    };
    let uptime = Observed::Number(now.since(started).as_secs());
    let mut uptime = measure("system", uptime, Word::Pass);
    uptime.observed_unit = Some("s");
    let holds = |holds| if holds { Word::Pass } else { Word::Fail };
    let state = Observed::Word(if running { "running" } else { "stopped" });
    let readiness = Observed::Word(if ready { "ready" } else { "not ready" });
    let mut checks = BTreeMap::from([
        ("uptime".to_owned(), [uptime]),
        ("gateway:state".to_owned(), [measure("component", state, holds(running))]),
        ("gateway:readiness".to_owned(), [measure("component", readiness, holds(ready))]),
    ]);
    for (name, tool) in &status.tools {
        let word = Observed::Word(tool.change.status.as_str());
        let mut measurement = measure("component", word, tool_word(tool));
        measurement.component_id = Some(name.to_string());
        measurement.output = tool.change.error.clone().filter(|_| details);
        checks.insert(format!("tool.{name}:status"), [measurement]);
    }
    Draft {
        status: verdict.into(),
        version: "1",
        release_id: details.then_some(env!("CARGO_PKG_VERSION")),
        notes: if details { reasons } else { Vec::new() },
        checks,
    }
}

/// A tool never fails the whole, so it never fails: it warns.
fn tool_word(tool: &ToolView) -> Word {
    match tool.change.status {
        ToolStatus::Failed => Word::Warn,
        ToolStatus::Pending
        | ToolStatus::Installing
        | ToolStatus::Installed
        | ToolStatus::Skipped => Word::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, PlannedTool, ToolChange, What};

    fn status() -> Status {
        let mut change = ToolChange::new("x".parse().unwrap(), ToolStatus::Failed);
        change.error = Some("no space".to_owned());
        let mut status = Status::expecting([PlannedTool {
            change,
            source: "script".into(),
            priority: 1,
            requires: vec![],
            on_demand: false,
            estimate_ms: None,
        }]);
        for what in [
            What::ServiceStarted { pid: 7, command: vec![] },
            What::ServiceReady { pid: 7, after_ms: 1 },
        ] {
            status.apply(&Event::new(Timestamp::from_millis(0), what));
        }
        status
    }

    fn document(status: &Status, details: bool) -> serde_json::Value {
        let time = Timestamp::from_millis;
        serde_json::to_value(draft(status, time(1000), time(8000), details)).unwrap()
    }

    #[test]
    fn the_draft_has_its_own_words() {
        let document = document(&status(), true);
        assert_eq!(document["status"], "warn");
        assert_eq!(document["releaseId"], env!("CARGO_PKG_VERSION"));
        assert_eq!(document["notes"][0], "tool x failed");
        let checks = &document["checks"];
        assert_eq!(checks["uptime"][0]["observedValue"], 7);
        assert_eq!(checks["gateway:readiness"][0]["status"], "pass");
        let tool = &checks["tool.x:status"][0];
        assert_eq!((&tool["status"], &tool["output"]), (&"warn".into(), &"no space".into()));
    }

    #[test]
    fn without_details_only_the_words_are_told() {
        let document = document(&status(), false).to_string();
        assert!(document.contains("\"warn\"") && document.contains("tool.x:status"));
        assert!(!document.contains("no space") && !document.contains("releaseId"), "{document}");
    }

    #[test]
    fn a_service_that_is_down_fails() {
        let document = document(&Status::default(), true);
        assert_eq!(document["status"], "fail");
        assert_eq!(document["checks"]["gateway:state"][0]["status"], "fail");
    }
}
