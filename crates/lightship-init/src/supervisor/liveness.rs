//! Liveness: a service that was ready is asked again and again, and so many failures in a row
//! mean that it has stopped working.

use std::time::Duration;

/// How a service is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveRules {
    /// From the end of one check to the beginning of the next.
    pub period: Duration,
    /// How long one check may take.
    pub timeout: Duration,
    /// So many failed checks in a row, and it is dead.
    pub failures: u32,
}

/// How far the watch over one run of the service has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Liveness {
    /// Nobody asks: it is not ready yet, is about to end, or is not watched at all.
    Off,
    On {
        rules: LiveRules,
        /// Failed checks since the last good one.
        failed: u32,
        step: Step,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Resting { until: Duration },
    Asking { until: Duration },
}

/// What has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Nothing,
    /// Begin a check.
    Ask,
    /// Give the check up that takes too long.
    GiveUp,
    /// The same, and it was the last one: the service has stopped working.
    Dead,
}

impl Liveness {
    /// The watch over a service that has just become ready.
    pub(super) fn begin(rules: Option<LiveRules>, now: Duration) -> Self {
        rules.map_or(Self::Off, |rules| {
            let step = Step::Resting { until: now + rules.period };
            Self::On { rules, failed: 0, step }
        })
    }

    /// Takes the answer to the check that is running; true when the service is dead.
    pub(super) fn answered(&mut self, alive: bool, now: Duration) -> bool {
        let Self::On { rules, failed, step } = self else { return false };
        let Step::Asking { .. } = step else { return false };
        *failed = if alive { 0 } else { *failed + 1 };
        let dead = *failed >= rules.failures;
        *step = Step::Resting { until: now + rules.period };
        if dead {
            *self = Self::Off;
        }
        dead
    }

    /// What the time has brought.
    pub(super) fn pass(&mut self, now: Duration) -> Verdict {
        let Self::On { rules, step, .. } = self else { return Verdict::Nothing };
        match *step {
            Step::Resting { until } if until <= now => {
                *step = Step::Asking { until: now + rules.timeout };
                Verdict::Ask
            }
            Step::Asking { until } if until <= now => {
                if self.answered(false, now) {
                    Verdict::Dead
                } else {
                    Verdict::GiveUp
                }
            }
            Step::Resting { .. } | Step::Asking { .. } => Verdict::Nothing,
        }
    }

    pub(super) fn deadline(self) -> Option<Duration> {
        match self {
            Self::Off => None,
            Self::On { step: Step::Resting { until } | Step::Asking { until }, .. } => Some(until),
        }
    }

    pub(super) fn is_asking(self) -> bool {
        matches!(self, Self::On { step: Step::Asking { .. }, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: LiveRules =
        LiveRules { period: Duration::from_secs(10), timeout: Duration::from_secs(3), failures: 3 };

    /// Lets the time go on to the next check.
    fn ask(liveness: &mut Liveness) -> Duration {
        let now = liveness.deadline().unwrap();
        assert_eq!(liveness.pass(now), Verdict::Ask);
        assert_eq!(liveness.deadline(), Some(now + RULES.timeout));
        now
    }

    #[test]
    fn the_first_check_comes_a_period_after_ready() {
        let mut liveness = Liveness::begin(Some(RULES), Duration::from_secs(1));
        assert_eq!(liveness.pass(Duration::from_secs(10)), Verdict::Nothing);
        assert_eq!(ask(&mut liveness), Duration::from_secs(11));
    }

    #[test]
    fn three_failures_in_a_row_are_death_and_two_are_not() {
        let mut liveness = Liveness::begin(Some(RULES), Duration::ZERO);
        for alive in [false, false, true, false, false] {
            let now = ask(&mut liveness);
            assert!(!liveness.answered(alive, now));
        }
        let now = ask(&mut liveness);
        assert!(liveness.answered(false, now));
        assert_eq!((liveness.deadline(), liveness.pass(now * 2)), (None, Verdict::Nothing));
    }

    #[test]
    fn a_check_that_takes_too_long_has_failed() {
        let rules = LiveRules { failures: 2, ..RULES };
        let mut liveness = Liveness::begin(Some(rules), Duration::ZERO);
        let now = ask(&mut liveness);
        assert_eq!(liveness.pass(now + rules.timeout), Verdict::GiveUp);
        // Its answer is of no use any more.
        assert!(!liveness.answered(false, now + rules.timeout));
        let now = ask(&mut liveness);
        assert_eq!(liveness.pass(now + rules.timeout), Verdict::Dead);
    }

    #[test]
    fn who_is_not_watched_is_never_asked() {
        let mut liveness = Liveness::begin(None, Duration::ZERO);
        assert_eq!((liveness.deadline(), liveness.pass(Duration::MAX)), (None, Verdict::Nothing));
        assert!(!liveness.answered(false, Duration::ZERO));
    }
}
