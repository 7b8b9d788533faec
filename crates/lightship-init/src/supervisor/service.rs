//! The service's part of the machine.

use std::time::Duration;

use lightship_model::event::{Exit, What};
use lightship_model::manifest::Restart;

use super::backoff::Backoff;
use super::ending::{Due, Ending};
use super::{Action, Rules, Signal};

/// How long one probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// The pauses between probes grow from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_millis(500);
/// What is left of the service's group has this long to clean up after itself.
const CLEAR_WITHIN: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub(super) struct Service {
    phase: Phase,
    backoff: Backoff,
    /// Number of the newest probe.
    attempt: u64,
}

#[derive(Clone, Debug)]
enum Phase {
    /// Not begun.
    Down,
    /// `StartService` was asked for.
    Starting,
    Running(Running),
    /// The process ended; others of its group are being ended.
    Clearing {
        ending: Ending,
        next: Next,
    },
    /// Waiting for the next start.
    Pausing {
        until: Duration,
        last: u8,
    },
    /// Not started again.
    Gone {
        code: u8,
    },
}

#[derive(Clone, Debug)]
struct Running {
    pid: u32,
    since: Duration,
    readiness: Readiness,
    /// When it counts as late; nothing once it was told, or does not matter any more.
    late_at: Option<Duration>,
    ending: Ending,
}

#[derive(Clone, Copy, Debug)]
enum Readiness {
    Probing {
        until: Duration,
        pause: Duration,
    },
    Resting {
        until: Duration,
        pause: Duration,
    },
    Ready,
    /// It is being stopped: nobody asks any more.
    Moot,
}

/// What comes after the group was cleared.
#[derive(Clone, Copy, Debug)]
enum Next {
    Restart { at: Duration, last: u8 },
    Finish { code: u8 },
}

impl Service {
    pub(super) fn new(seed: u64) -> Self {
        Self { phase: Phase::Down, backoff: Backoff::new(seed), attempt: 0 }
    }

    pub(super) fn start(&mut self, out: &mut Vec<Action>) {
        self.phase = Phase::Starting;
        out.push(Action::StartService);
    }

    pub(super) fn started(
        &mut self,
        pid: u32,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let Phase::Starting = self.phase else { return };
        let command = rules.command.clone();
        out.push(Action::Tell(What::ServiceStarted { pid, command }));
        let readiness = if rules.probed {
            self.attempt += 1;
            out.push(Action::Probe { attempt: self.attempt });
            Readiness::Probing { until: now + PROBE_LIMIT, pause: FIRST_PAUSE }
        } else {
            out.push(Action::Tell(What::ServiceReady { pid, after_ms: 0 }));
            Readiness::Ready
        };
        let late_at = rules.probed.then_some(now + rules.ready_timeout);
        let ending = Ending::No;
        self.phase = Phase::Running(Running { pid, since: now, readiness, late_at, ending });
    }

    /// Its process ended, or could not be started.
    pub(super) fn ended(
        &mut self,
        exit: Exit,
        left_over: bool,
        stopping: bool,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let since = match &self.phase {
            Phase::Running(running) => running.since,
            Phase::Starting => now,
            // Given up on before: what is late now changes nothing.
            Phase::Down | Phase::Clearing { .. } | Phase::Pausing { .. } | Phase::Gone { .. } => {
                return;
            }
        };
        self.end_probe(out);
        let wanted = match rules.restart {
            Restart::Always => true,
            Restart::OnFailure => !rules.is_success(exit),
            Restart::Never => false,
        };
        let pause = if wanted && !stopping {
            self.backoff.grant(now, now.saturating_sub(since))
        } else {
            None
        };
        let restart_in_ms = pause.map(millis);
        out.push(Action::Tell(What::ServiceExited { exit, restart_in_ms }));
        let next = match pause {
            Some(pause) => Next::Restart { at: now + pause, last: exit.code() },
            None => Next::Finish { code: exit.code() },
        };
        // What is left when it is not started again is swept up with everything else.
        if left_over && matches!(next, Next::Restart { .. }) {
            out.push(Action::SignalService(Signal::TERM));
            let ending = Ending::Asked { kill_at: now + CLEAR_WITHIN };
            self.phase = Phase::Clearing { ending, next };
        } else {
            self.go_on(next);
        }
    }

    /// Nothing is left of its group.
    pub(super) fn cleared(&mut self) {
        if let Phase::Clearing { next, .. } = self.phase {
            self.go_on(next);
        }
    }

    fn go_on(&mut self, next: Next) {
        self.phase = match next {
            Next::Restart { at, last } => Phase::Pausing { until: at, last },
            Next::Finish { code } => Phase::Gone { code },
        };
    }

    pub(super) fn probed(
        &mut self,
        attempt: u64,
        ready: bool,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let newest = self.attempt;
        let Phase::Running(running) = &mut self.phase else { return };
        let Readiness::Probing { pause, .. } = running.readiness else { return };
        if attempt != newest {
            return;
        }
        running.readiness = if ready {
            running.late_at = None;
            let after_ms = millis(now.saturating_sub(running.since));
            out.push(Action::Tell(What::ServiceReady { pid: running.pid, after_ms }));
            Readiness::Ready
        } else {
            Readiness::Resting { until: now + pause, pause: longer(pause) }
        };
    }

    /// Passes a signal on that means nothing to lightship.
    pub(super) fn forward(&self, signal: Signal, out: &mut Vec<Action>) {
        if matches!(self.phase, Phase::Running(_)) {
            out.push(Action::SignalService(signal));
        }
    }

    pub(super) fn stop(&mut self, signal: Signal, kill_at: Duration, out: &mut Vec<Action>) {
        self.end_probe(out);
        match &mut self.phase {
            Phase::Running(running) => {
                running.readiness = Readiness::Moot;
                running.late_at = None;
                if running.ending.ask(kill_at) {
                    out.push(Action::SignalService(signal));
                }
            }
            // The sweep goes on with what is left of the group.
            Phase::Clearing { next, .. } => self.phase = Phase::Gone { code: next.code() },
            Phase::Pausing { last, .. } => self.phase = Phase::Gone { code: *last },
            Phase::Down | Phase::Starting | Phase::Gone { .. } => {}
        }
    }

    pub(super) fn force(&mut self, now: Duration, out: &mut Vec<Action>) {
        let ending = match &mut self.phase {
            Phase::Running(running) => &mut running.ending,
            Phase::Clearing { ending, .. } => ending,
            Phase::Down | Phase::Starting | Phase::Pausing { .. } | Phase::Gone { .. } => return,
        };
        if ending.force(now) {
            out.push(Action::SignalService(Signal::KILL));
        }
    }

    /// Does what the time has brought.
    pub(super) fn pass(&mut self, now: Duration, out: &mut Vec<Action>) {
        match &mut self.phase {
            Phase::Running(running) => {
                running.tell_late(now, out);
                match running.ending.pass(now) {
                    Due::Nothing => self.probe_on(now, out),
                    Due::Kill => out.push(Action::SignalService(Signal::KILL)),
                    Due::GiveUp => {
                        let code = Exit::Signal(9).code();
                        self.phase = Phase::Gone { code };
                    }
                }
            }
            Phase::Clearing { ending, next } => match ending.pass(now) {
                Due::Nothing => {}
                Due::Kill => out.push(Action::SignalService(Signal::KILL)),
                Due::GiveUp => {
                    let next = *next;
                    self.go_on(next);
                }
            },
            Phase::Pausing { until, .. } if *until <= now => self.start(out),
            Phase::Down | Phase::Starting | Phase::Pausing { .. } | Phase::Gone { .. } => {}
        }
    }

    /// Ends the probe that takes too long, or begins the next one.
    fn probe_on(&mut self, now: Duration, out: &mut Vec<Action>) {
        let Phase::Running(running) = &mut self.phase else { return };
        match running.readiness {
            Readiness::Probing { until, pause } if until <= now => {
                out.push(Action::EndProbe { attempt: self.attempt });
                running.readiness = Readiness::Resting { until: now + pause, pause: longer(pause) };
            }
            Readiness::Resting { until, pause } if until <= now => {
                self.attempt += 1;
                out.push(Action::Probe { attempt: self.attempt });
                running.readiness = Readiness::Probing { until: now + PROBE_LIMIT, pause };
            }
            Readiness::Probing { .. }
            | Readiness::Resting { .. }
            | Readiness::Ready
            | Readiness::Moot => {}
        }
    }

    fn end_probe(&mut self, out: &mut Vec<Action>) {
        if let Phase::Running(Running { readiness: Readiness::Probing { .. }, .. }) = &self.phase {
            out.push(Action::EndProbe { attempt: self.attempt });
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Running(running) => {
                let probe = match running.readiness {
                    Readiness::Probing { until, .. } | Readiness::Resting { until, .. } => {
                        Some(until)
                    }
                    Readiness::Ready | Readiness::Moot => None,
                };
                [running.late_at, running.ending.deadline(), probe].into_iter().flatten().min()
            }
            Phase::Clearing { ending, .. } => ending.deadline(),
            Phase::Pausing { until, .. } => Some(*until),
            Phase::Down | Phase::Starting | Phase::Gone { .. } => None,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(&self.phase, Phase::Running(Running { readiness: Readiness::Ready, .. }))
    }

    /// Its last code, once it is not started again.
    pub(super) fn gone(&self) -> Option<u8> {
        match self.phase {
            Phase::Gone { code } => Some(code),
            Phase::Down
            | Phase::Starting
            | Phase::Running(_)
            | Phase::Clearing { .. }
            | Phase::Pausing { .. } => None,
        }
    }
}

impl Running {
    fn tell_late(&mut self, now: Duration, out: &mut Vec<Action>) {
        if self.late_at.is_some_and(|at| at <= now) {
            self.late_at = None;
            let after_ms = millis(now.saturating_sub(self.since));
            out.push(Action::Tell(What::ServiceLate { after_ms }));
        }
    }
}

impl Next {
    fn code(self) -> u8 {
        match self {
            Self::Restart { last, .. } => last,
            Self::Finish { code } => code,
        }
    }
}

fn longer(pause: Duration) -> Duration {
    LAST_PAUSE.min(pause * 2)
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
