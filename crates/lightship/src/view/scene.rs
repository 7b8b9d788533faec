//! The scene: everything that a view shows — the [`Status`] fold, and the few facts beside it
//! that come from the manifest or from single events.

use std::collections::{BTreeMap, BTreeSet};

use lightship_model::event::{Event, PlannedTool, What};
use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;
use lightship_model::state::ToolStatus;
use lightship_model::status::{LoaderState, Status, ToolView};

/// What a view shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) status: Status,
    pub(crate) wanted: BTreeMap<ToolName, Wanted>,
    /// The tools that this run is about; all when absent.
    pub(crate) only: Option<BTreeSet<ToolName>>,
    /// The service's command as it is shown; none when tools are installed without a service.
    pub(crate) service: Option<String>,
    /// Options that make another `lightship tools` speak of the same tool directory.
    pub(crate) dir_options: String,
    /// Base URL of the health port, once it answers.
    pub(crate) health_url: Option<String>,
    /// How long the service took to become ready, in milliseconds.
    pub(crate) ready_after_ms: Option<u64>,
    /// Milliseconds that loading took, once nothing is left to do.
    pub(crate) took_ms: Option<u64>,
    /// What is said about an end that has been asked for.
    pub(crate) stopping: Option<String>,
}

/// What the manifest says about a tool.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) version: String,
    pub(crate) requires: Vec<ToolName>,
}

impl Scene {
    /// The scene before anything has happened; `tools` is how they stand.
    pub(crate) fn new(manifest: &Manifest, tools: Vec<PlannedTool>) -> Self {
        let wanted = manifest.tools.values().map(|tool| {
            let wanted = Wanted { version: tool.version.clone(), requires: tool.requires.clone() };
            (tool.name.clone(), wanted)
        });
        Self { status: Status::expecting(tools), wanted: wanted.collect(), ..Self::default() }
    }

    /// Takes an event in.
    pub(crate) fn apply(&mut self, event: &Event) {
        self.status.apply(event);
        match &event.what {
            What::HealthListening { address } => {
                self.health_url = lightship_init::client::url_of(address).ok();
            }
            What::ServiceReady { after_ms, .. } => self.ready_after_ms = Some(*after_ms),
            What::Plan { .. } => self.took_ms = None,
            What::LoadComplete { took_ms, .. } => self.took_ms = Some(*took_ms),
            What::ServiceStarted { .. }
            | What::ServiceLate { .. }
            | What::ServiceFaulted { .. }
            | What::ServiceExited { .. }
            | What::ServiceFailed { .. }
            | What::LoaderStarted { .. }
            | What::LoaderExited { .. }
            | What::Stopping { .. }
            | What::Confinement(_)
            | What::Volume(_)
            | What::Tool(_)
            | What::Progress { .. }
            | What::Warning { .. } => {}
        }
    }

    /// The tools to show, in the order of the plan.
    pub(crate) fn tools(&self) -> Vec<&ToolView> {
        let shown = |tool: &&ToolView| {
            self.only.as_ref().is_none_or(|only| only.contains(&tool.change.name))
        };
        let mut tools: Vec<&ToolView> = self.status.tools.values().filter(shown).collect();
        tools.sort_by(|a, b| (a.priority, &a.change.name).cmp(&(b.priority, &b.change.name)));
        tools
    }

    pub(crate) fn count(&self, status: ToolStatus) -> usize {
        self.tools().iter().filter(|tool| tool.change.status == status).count()
    }

    /// Whether nothing more happens to any tool by itself.
    pub(crate) fn is_settled(&self) -> bool {
        self.took_ms.is_some() || self.status.loader.state == LoaderState::Failed
    }

    /// The version to show of a tool: the one that is there, or else the one that is wanted.
    pub(crate) fn version<'a>(&'a self, tool: &'a ToolView) -> &'a str {
        let wanted = || self.wanted.get(&tool.change.name).map(|wanted| wanted.version.as_str());
        tool.change.version.as_deref().or_else(wanted).unwrap_or_default()
    }

    /// Why a pending tool is not being installed right now.
    pub(crate) fn waits_for(&self, tool: &ToolView) -> String {
        if tool.on_demand {
            return "loaded when it is asked for".to_owned();
        }
        let missing = |name: &&ToolName| !self.status.has(std::slice::from_ref(*name));
        let requires = self.wanted.get(&tool.change.name).map(|wanted| &wanted.requires);
        let after: Vec<&str> =
            requires.into_iter().flatten().filter(missing).map(ToolName::as_str).collect();
        if !after.is_empty() {
            return format!("after {}", after.join(", "));
        }
        if let Some(reason) = &tool.change.reason {
            return reason.clone();
        }
        match self.status.loader.state {
            LoaderState::Waiting if self.service.is_some() => "after the service is ready",
            LoaderState::Waiting | LoaderState::Running | LoaderState::Complete => "next",
            LoaderState::Restarting => "the loader is started again",
            LoaderState::Failed => "the loader failed",
        }
        .to_owned()
    }
}
