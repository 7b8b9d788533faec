//! Readiness: how far one run of the service is on its way to doing its work.

use std::time::Duration;

/// How long one probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// The pauses between probes grow from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_millis(500);

/// How it is found out that the service is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyBy {
    /// It is ready once it runs.
    Running,
    /// It is asked, again and again.
    Probe,
    /// It says so itself: in a line of its log, or by a notification.
    Itself,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Readiness {
    Probing {
        until: Duration,
        pause: Duration,
    },
    Resting {
        until: Duration,
        pause: Duration,
    },
    /// It will say so.
    Awaited,
    Ready,
    /// It is being stopped: nobody asks any more.
    Moot,
}

/// What has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// Begin a probe.
    Ask,
    /// Give the probe up that takes too long.
    GiveUp,
}

impl Readiness {
    /// Begins a probe at once.
    pub(super) fn probing(now: Duration) -> Self {
        Self::Probing { until: now + PROBE_LIMIT, pause: FIRST_PAUSE }
    }

    /// Takes the answer of the probe that is running; true when the service is ready.
    pub(super) fn answered(&mut self, ready: bool, now: Duration) -> bool {
        let Self::Probing { pause, .. } = *self else { return false };
        if !ready {
            *self = rest(pause, now);
        }
        ready
    }

    /// What the time has brought.
    pub(super) fn pass(&mut self, now: Duration) -> Step {
        match *self {
            Self::Probing { until, pause } if until <= now => {
                *self = rest(pause, now);
                Step::GiveUp
            }
            Self::Resting { until, pause } if until <= now => {
                *self = Self::Probing { until: now + PROBE_LIMIT, pause };
                Step::Ask
            }
            Self::Probing { .. }
            | Self::Resting { .. }
            | Self::Awaited
            | Self::Ready
            | Self::Moot => Step::Nothing,
        }
    }

    pub(super) fn deadline(self) -> Option<Duration> {
        match self {
            Self::Probing { until, .. } | Self::Resting { until, .. } => Some(until),
            Self::Awaited | Self::Ready | Self::Moot => None,
        }
    }
}

fn rest(pause: Duration, now: Duration) -> Readiness {
    Readiness::Resting { until: now + pause, pause: LAST_PAUSE.min(pause * 2) }
}
