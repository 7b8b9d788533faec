//! The loader's part of the machine: a process whose end never ends the container.

use std::time::Duration;

use lightship_model::event::{Exit, What};
use lightship_model::{exit, manifest};

use super::backoff::Backoff;
use super::ending::{Due, Ending};
use super::service::millis;
use super::{Action, Signal};

/// How long the loader has to end when the service is gone.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub(super) struct Loader {
    /// Whether there is one at all.
    exists: bool,
    phase: Phase,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The service comes first, until this time; without one nothing has begun.
    Waiting { until: Option<Duration> },
    /// `StartLoader` was asked for.
    Starting,
    Running {
        since: Duration,
        complete: bool,
        ending: Ending,
        /// It is only ended to be started anew.
        again: bool,
    },
    /// Waiting for the next start.
    Pausing { until: Duration },
    /// Done, failed, stopped, or there is none.
    Over,
}

impl Loader {
    pub(super) fn new(wanted: bool, seed: u64) -> Self {
        let phase = if wanted { Phase::Waiting { until: None } } else { Phase::Over };
        Self { exists: wanted, phase, backoff: Backoff::new(manifest::Backoff::default(), seed) }
    }

    /// Lets the service go first, but not for ever.
    pub(super) fn wait(&mut self, until: Duration) {
        if let Phase::Waiting { .. } = self.phase {
            self.phase = Phase::Waiting { until: Some(until) };
        }
    }

    /// Starts it for the first time.
    pub(super) fn start(&mut self, out: &mut Vec<Action>) {
        if let Phase::Waiting { .. } = self.phase {
            self.phase = Phase::Starting;
            out.push(Action::StartLoader);
        }
    }

    /// Starts it again when it is over, and at once when the service was to go first: somebody
    /// waits for a tool, who may be the service. One that has failed has its pause.
    pub(super) fn want(&mut self, out: &mut Vec<Action>) {
        if let Phase::Over | Phase::Waiting { .. } = self.phase
            && self.exists
        {
            self.phase = Phase::Starting;
            out.push(Action::StartLoader);
        }
    }

    /// Starts it anew, with whatever the manifest says by then.
    pub(super) fn renew(&mut self, kill_at: Duration, out: &mut Vec<Action>) {
        match &mut self.phase {
            Phase::Running { again, ending, .. } => {
                *again = true;
                if ending.ask(kill_at) {
                    out.push(Action::SignalLoader(Signal::TERM));
                }
            }
            Phase::Pausing { .. } => {
                self.phase = Phase::Starting;
                out.push(Action::StartLoader);
            }
            Phase::Over => self.want(out),
            Phase::Waiting { .. } | Phase::Starting => {}
        }
    }

    pub(super) fn started(&mut self, pid: u32, now: Duration, out: &mut Vec<Action>) {
        let Phase::Starting = self.phase else { return };
        out.push(Action::Tell(What::LoaderStarted { pid }));
        let ending = Ending::No;
        self.phase = Phase::Running { since: now, complete: false, ending, again: false };
    }

    pub(super) fn complete(&mut self) {
        if let Phase::Running { complete, .. } = &mut self.phase {
            *complete = true;
        }
    }

    /// Its process ended, or could not be started.
    pub(super) fn ended(
        &mut self,
        exit: Exit,
        stopping: bool,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let (since, complete, ending) = match self.phase {
            Phase::Running { again: true, .. } if !stopping => {
                out.push(Action::Tell(What::LoaderExited { exit, restart_in_ms: Some(0) }));
                out.push(Action::StartLoader);
                self.phase = Phase::Starting;
                return;
            }
            Phase::Running { since, complete, ending, .. } => (since, complete, ending),
            Phase::Starting => (now, false, Ending::No),
            Phase::Waiting { .. } | Phase::Pausing { .. } | Phase::Over => return,
        };
        let done = exit.is_success() || (complete && matches!(exit, Exit::Code(_)));
        let pause = if done || stopping || ending != Ending::No || is_permanent(exit) {
            None
        } else {
            self.backoff.grant(now, now.saturating_sub(since))
        };
        let restart_in_ms = pause.map(millis);
        out.push(Action::Tell(What::LoaderExited { exit, restart_in_ms }));
        self.phase = match pause {
            Some(pause) => Phase::Pausing { until: now + pause },
            None => Phase::Over,
        };
        if pause.is_none() && !done && !stopping && ending == Ending::No {
            let why = if is_permanent(exit) { "trying again can't help" } else { "too often" };
            let message = format!("the loader ended with {exit}, {why}: no more tools are loaded");
            out.push(Action::Tell(What::Warning { message }));
        }
    }

    /// Ends it by `kill_at`.
    pub(super) fn stop(&mut self, kill_at: Duration, out: &mut Vec<Action>) {
        match &mut self.phase {
            Phase::Running { ending, again, .. } => {
                *again = false;
                if ending.ask(kill_at) {
                    out.push(Action::SignalLoader(Signal::TERM));
                }
            }
            Phase::Waiting { .. } | Phase::Pausing { .. } => self.phase = Phase::Over,
            Phase::Starting | Phase::Over => {}
        }
    }

    pub(super) fn force(&mut self, now: Duration, out: &mut Vec<Action>) {
        if let Phase::Running { ending, .. } = &mut self.phase
            && ending.force(now)
        {
            out.push(Action::SignalLoader(Signal::KILL));
        }
    }

    /// Does what the time has brought.
    pub(super) fn pass(&mut self, now: Duration, out: &mut Vec<Action>) {
        match &mut self.phase {
            Phase::Waiting { until: Some(until) } if *until <= now => self.start(out),
            Phase::Pausing { until } if *until <= now => {
                self.phase = Phase::Starting;
                out.push(Action::StartLoader);
            }
            Phase::Running { ending, .. } => match ending.pass(now) {
                Due::Nothing => {}
                Due::Kill => out.push(Action::SignalLoader(Signal::KILL)),
                Due::GiveUp => self.phase = Phase::Over,
            },
            Phase::Waiting { .. } | Phase::Starting | Phase::Pausing { .. } | Phase::Over => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Waiting { until } => until,
            Phase::Running { ending, .. } => ending.deadline(),
            Phase::Pausing { until } => Some(until),
            Phase::Starting | Phase::Over => None,
        }
    }

    /// It has a process.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }
}

/// Whether another start would end the same way.
fn is_permanent(exit: Exit) -> bool {
    const CODES: [u8; 4] = [exit::INPUT, exit::CANT_CREATE, exit::NOT_EXECUTABLE, exit::NOT_FOUND];
    matches!(exit, Exit::Code(code) if CODES.contains(&code))
}
