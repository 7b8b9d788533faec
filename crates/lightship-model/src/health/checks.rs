//! What has to hold for the service to be ready, one thing at a time: `/readyz`.

use serde::Serialize;

use crate::name::ToolName;
use crate::state::ToolStatus;
use crate::status::{LoaderState, Status};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: String,
    /// What is wrong; nothing when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    pub ok: bool,
}

impl Check {
    /// A check that fails with a sentence for `failure`, or holds.
    pub fn new(name: impl Into<String>, failure: Option<String>) -> Self {
        Self { name: name.into(), ok: failure.is_none(), failure }
    }
}

/// Whether traffic should come: the service is ready, and nothing is being stopped.
pub fn service(status: &Status) -> Vec<Check> {
    let service = &status.service;
    let (running, ready) = (service.pid.is_some(), service.ready_since.is_some());
    let fails = |fails: bool, why: &str| fails.then(|| why.to_owned());
    vec![
        Check::new("not-stopping", fails(status.stopping, "stopping")),
        Check::new("service-running", fails(!running, "the service does not run")),
        // Said once: what does not run is not ready either.
        Check::new("service-ready", fails(running && !ready, "the service is not ready yet")),
    ]
}

/// Whether the tool called `name` is there.
pub fn tool(status: &Status, name: &ToolName) -> Check {
    let failure = match status.tools.get(name).map(|tool| tool.change.status) {
        Some(ToolStatus::Installed) => None,
        Some(other) => Some(format!("tool {name} is {other}")),
        None => Some(format!("tool {name} is not in the manifest")),
    };
    Check::new(format!("tool-{name}"), failure)
}

/// Everything that the full document looks at.
pub fn all(status: &Status) -> Vec<Check> {
    let mut checks = service(status);
    let failed = status.loader.state == LoaderState::Failed;
    checks.push(Check::new("loader", failed.then(|| "the loader failed".to_owned())));
    if status.loader.volume.is_some() {
        checks.push(Check::new("volume", status.loader.volume_failure()));
    }
    let failed = |tool: &ToolName| {
        let failed = status.tools.get(tool)?.change.status == ToolStatus::Failed;
        failed.then(|| format!("tool {tool} failed"))
    };
    let tools = status.tools.keys();
    checks.extend(tools.map(|name| Check::new(format!("tool-{name}"), failed(name))));
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, PlannedTool, ToolChange, What};
    use crate::time::Timestamp;

    fn name(text: &str) -> ToolName {
        text.parse().unwrap()
    }

    fn failing(checks: &[Check]) -> Vec<&str> {
        checks.iter().filter_map(|check| check.failure.as_deref()).collect()
    }

    #[test]
    fn each_thing_fails_with_its_own_sentence() {
        let mut status = Status::expecting([PlannedTool {
            change: ToolChange::new(name("x"), ToolStatus::Pending),
            source: "script".into(),
            priority: 1,
            requires: vec![],
            on_demand: false,
            estimate_ms: None,
        }]);
        let mut apply = |what| {
            status.apply(&Event::new(Timestamp::from_millis(0), what));
            status.clone()
        };
        let down = apply(What::ServiceFailed { error: String::new() });
        assert_eq!(failing(&service(&down)), ["the service does not run"]);
        let up = apply(What::ServiceStarted { pid: 7, command: vec![] });
        assert_eq!(failing(&service(&up)), ["the service is not ready yet"]);
        let ready = apply(What::ServiceReady { pid: 7, after_ms: 1 });
        assert!(service(&ready).iter().all(|check| check.ok));
        assert_eq!(tool(&ready, &name("x")).failure.unwrap(), "tool x is pending");
        assert_eq!(tool(&ready, &name("y")).failure.unwrap(), "tool y is not in the manifest");
        let failed = apply(What::Tool(ToolChange::new(name("x"), ToolStatus::Failed)));
        assert_eq!(failing(&all(&failed)), ["tool x failed"]);
        let stopping = apply(What::Stopping { reason: String::new() });
        assert_eq!(failing(&service(&stopping)), ["stopping"]);
    }
}
