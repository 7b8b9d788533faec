//! The sweep: when the service is gone for good, everything else that is left gets the same
//! chance to clean up, inside the same stop budget, and is killed when that is over.

use std::time::Duration;

use super::ending::{Due, Ending};
use super::{Action, Signal};

/// What is left has at least this long, however much of the budget the service used up.
const AT_LEAST: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sweep {
    /// The service is not gone.
    NotBegun,
    Going(Ending),
    /// What does not even end when it is killed is not waited for.
    GivenUp,
}

impl Sweep {
    /// Asks everything that is left to end by `budget_ends`.
    pub(super) fn begin(&mut self, budget_ends: Duration, now: Duration, out: &mut Vec<Action>) {
        if *self == Self::NotBegun {
            out.push(Action::SignalRest(Signal::TERM));
            *self = Self::Going(Ending::Asked { kill_at: budget_ends.max(now + AT_LEAST) });
        }
    }

    pub(super) fn force(&mut self, now: Duration, out: &mut Vec<Action>) {
        if let Self::Going(ending) = self
            && ending.force(now)
        {
            out.push(Action::SignalRest(Signal::KILL));
        }
    }

    /// Does what the time has brought.
    pub(super) fn pass(&mut self, now: Duration, out: &mut Vec<Action>) {
        if let Self::Going(ending) = self {
            match ending.pass(now) {
                Due::Nothing => {}
                Due::Kill => out.push(Action::SignalRest(Signal::KILL)),
                Due::GiveUp => *self = Self::GivenUp,
            }
        }
    }

    pub(super) fn deadline(self) -> Option<Duration> {
        match self {
            Self::Going(ending) => ending.deadline(),
            Self::NotBegun | Self::GivenUp => None,
        }
    }
}
