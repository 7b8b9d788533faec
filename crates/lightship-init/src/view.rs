//! What is known right now, for everybody who asks: the fold of all events, and the clocks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use lightship_model::name::ToolName;
use lightship_model::status::Status;
use lightship_model::time::Timestamp;

/// The one "now" of this process.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) status: RefCell<Status>,
    pub(crate) capabilities: BTreeMap<String, Vec<ToolName>>,
    began: Instant,
}

impl View {
    pub(crate) fn new(status: Status, capabilities: BTreeMap<String, Vec<ToolName>>) -> Self {
        Self { status: RefCell::new(status), capabilities, began: Instant::now() }
    }

    /// The time since lightship started, on a clock that nobody sets.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
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

    /// The monotonic time as the clock of the runtime has it.
    pub(crate) fn instant(&self, elapsed: Duration) -> Instant {
        self.began + elapsed
    }
}
