//! What a run of the loader said.

use lightship_model::event::{Event, Exit, ToolChange, What};
use lightship_model::state::ToolStatus;
use lightship_model::waits::Waits;

/// A run of the loader that is over.
#[derive(Debug)]
pub struct Run {
    pub events: Vec<Event>,
    pub exit: Exit,
    pub stderr: String,
}

impl Run {
    /// Asserts that it came to its end well, having installed everything.
    #[track_caller]
    #[must_use]
    pub fn installed_all(self) -> Self {
        let run = self.ended_well();
        let not = |event: &Event| match &event.what {
            What::LoadComplete { failed, skipped, .. } => failed + skipped > 0,
            _ => false,
        };
        assert!(!run.events.iter().any(not), "{run:#?}");
        run
    }

    /// Asserts that it came to its end well: said so, and nothing on standard error.
    #[track_caller]
    #[must_use]
    pub fn ended_well(self) -> Self {
        let last = self.events.last().map(|event| &event.what);
        let complete = matches!(last, Some(What::LoadComplete { .. }));
        assert!(complete && self.exit.is_success() && self.stderr.is_empty(), "{self:#?}");
        self
    }

    /// Every change of a tool, from its line of the plan on.
    pub fn changes(&self) -> impl Iterator<Item = &ToolChange> {
        self.events.iter().flat_map(|event| match &event.what {
            What::Plan { tools, .. } => tools.iter().map(|tool| &tool.change).collect(),
            What::Tool(change) => vec![change],
            _ => vec![],
        })
    }

    /// How the tool `name` stood at the end.
    #[track_caller]
    pub fn last(&self, name: &str) -> &ToolChange {
        self.changes().filter(|change| change.name.as_str() == name).last().unwrap()
    }

    /// The words that the tool `name` went through.
    pub fn words(&self, name: &str) -> Vec<ToolStatus> {
        let own = self.changes().filter(|change| change.name.as_str() == name);
        let mut words: Vec<ToolStatus> = own.map(|change| change.status).collect();
        words.dedup();
        words
    }

    /// What the tool `name` was said to wait for, in the order of it.
    pub fn waits(&self, name: &str) -> Vec<Waits> {
        let own = self.changes().filter(|change| change.name.as_str() == name);
        own.filter_map(|change| change.waits.clone()).collect()
    }

    /// The tools in the order in which they came to `status`.
    pub fn order(&self, status: ToolStatus) -> Vec<&str> {
        let reached = self.changes().filter(|change| change.status == status);
        reached.map(|change| change.name.as_str()).collect()
    }

    pub fn warnings(&self) -> Vec<&str> {
        let messages = self.events.iter().filter_map(|event| match &event.what {
            What::Warning { message } => Some(message.as_str()),
            _ => None,
        });
        messages.collect()
    }
}
