//! Ending a group of processes: asked politely, then killed, then given up on, each with a time.

use std::time::Duration;

/// A killed process that is still there after this time hangs in the kernel: nobody can wait
/// for it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(2);

/// How far the ending has come. The order is that of its escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nobody asked for it.
    No,
    Asked {
        kill_at: Duration,
    },
    Killed {
        give_up_at: Duration,
    },
}

/// What the time has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Kill,
    GiveUp,
}

impl Ending {
    pub(super) fn killed(now: Duration) -> Self {
        Self::Killed { give_up_at: now + GIVE_UP_AFTER }
    }

    /// Sets the time of the final signal, or brings it forward. True when the polite signal has
    /// yet to be sent.
    pub(super) fn ask(&mut self, kill_at: Duration) -> bool {
        match self {
            Self::No => {
                *self = Self::Asked { kill_at };
                true
            }
            Self::Asked { kill_at: already } => {
                *already = kill_at.min(*already);
                false
            }
            Self::Killed { .. } => false,
        }
    }

    /// True when the final signal has yet to be sent.
    pub(super) fn force(&mut self, now: Duration) -> bool {
        match self {
            Self::No | Self::Asked { .. } => {
                *self = Self::killed(now);
                true
            }
            Self::Killed { .. } => false,
        }
    }

    /// What has to be done at `now`; a `Kill` is noted as done.
    pub(super) fn pass(&mut self, now: Duration) -> Due {
        match *self {
            Self::Asked { kill_at } if kill_at <= now => {
                *self = Self::killed(now);
                Due::Kill
            }
            Self::Killed { give_up_at } if give_up_at <= now => Due::GiveUp,
            Self::No | Self::Asked { .. } | Self::Killed { .. } => Due::Nothing,
        }
    }

    pub(super) fn deadline(self) -> Option<Duration> {
        match self {
            Self::No => None,
            Self::Asked { kill_at } => Some(kill_at),
            Self::Killed { give_up_at } => Some(give_up_at),
        }
    }
}
