//! What is known right now, for everybody who asks: the fold of all events, and the clocks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use lightship_model::name::ToolName;
use lightship_model::outlook::Outlook;
use lightship_model::status::Status;
use lightship_model::time::Timestamp;

use crate::counters::Counters;

/// The one "now" of this process.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) status: RefCell<Status>,
    pub(crate) capabilities: BTreeMap<String, Vec<ToolName>>,
    pub(crate) counters: RefCell<Counters>,
    /// Tools that the loader was told to load now, until it has come to an end with them.
    pub(crate) promised: RefCell<Vec<ToolName>>,
    pub(crate) about: About,
    began: Instant,
}

/// A point in time, on both clocks: since lightship started, and of the day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Duration,
    pub(crate) time: Timestamp,
}

/// What does not change while lightship runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// How long the service may take for its first start before health stops asking for patience.
    pub(crate) start_period: Duration,
    /// Tools without which the service is not ready for anybody.
    pub(crate) required: Vec<ToolName>,
    /// The control socket, as clients name it.
    pub(crate) control: Option<String>,
}

impl View {
    pub(crate) fn new(status: Status, capabilities: BTreeMap<String, Vec<ToolName>>) -> Self {
        Self {
            status: RefCell::new(status),
            capabilities,
            counters: RefCell::default(),
            promised: RefCell::default(),
            about: About::default(),
            began: Instant::now(),
        }
    }

    /// The time since lightship started, on a clock that nobody sets.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// How things stand for somebody who waits for `tool`.
    pub(crate) fn outlook(&self, tool: &ToolName) -> Outlook {
        Outlook::of(&self.status.borrow(), tool, self.promised.borrow().contains(tool))
    }

    /// The time of day.
    pub(crate) fn now() -> Timestamp {
        SystemTime::now().into()
    }

    /// When lightship started, seen from `now`: a clock that was set does not change the uptime.
    pub(crate) fn started(&self, now: Timestamp) -> Timestamp {
        let elapsed = u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(now.as_millis().saturating_sub(elapsed))
    }

    /// Whether the service has not been ready yet, and has time left for it.
    pub(crate) fn is_starting(&self) -> bool {
        let status = self.status.borrow();
        !status.service.was_ready && !status.stopping && self.elapsed() < self.about.start_period
    }
}
