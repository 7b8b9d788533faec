//! The service's part of the machine.

use std::time::Duration;

use lightship_model::event::{Exit, What};
use lightship_model::manifest::Restart;

use super::backoff::Backoff;
use super::ending::{Due, Ending};
use super::hook::{Hook, Reload};
use super::running::Running;
use super::{Action, Rules, Signal};

/// What is left of the service's group has this long to clean up after itself.
const CLEAR_WITHIN: Duration = Duration::from_secs(1);
/// Who ends well within this time and leaves processes behind has become a daemon.
const DAEMON_WITHIN: Duration = Duration::from_secs(5);
/// The code of a service that had stopped working and then ended well.
const DEAD: u8 = 1;

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
    /// `before_start` runs.
    Preparing {
        ending: Ending,
    },
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

/// What comes after the group was cleared.
#[derive(Clone, Copy, Debug)]
enum Next {
    Restart { at: Duration, last: u8 },
    Finish { code: u8 },
}

/// What a process of the service left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Others of its group.
    pub(super) group: bool,
    /// Any process that nobody else accounts for.
    pub(super) any: bool,
}

impl Left {
    pub(super) const NOTHING: Self = Self { group: false, any: false };
}

impl Service {
    pub(super) fn new(rules: &Rules, seed: u64) -> Self {
        Self { phase: Phase::Down, backoff: Backoff::new(rules.backoff, seed), attempt: 0 }
    }

    pub(super) fn start(&mut self, rules: &Rules, out: &mut Vec<Action>) {
        if rules.before_start {
            self.phase = Phase::Preparing { ending: Ending::No };
            out.push(Action::RunHook(Hook::BeforeStart));
        } else {
            self.phase = Phase::Starting;
            out.push(Action::StartService);
        }
    }

    pub(super) fn started(
        &mut self,
        pid: u32,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let Phase::Starting = self.phase else { return };
        self.phase = Phase::Running(Running::begin(pid, &mut self.attempt, rules, now, out));
    }

    /// A hook has ended, with an error where that was no success.
    pub(super) fn hook_ended(
        &mut self,
        hook: Hook,
        exit: Exit,
        error: Option<String>,
        stopping: bool,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        match (hook, error) {
            (Hook::BeforeStart, None) if !stopping => {
                if let Phase::Preparing { .. } = self.phase {
                    self.phase = Phase::Starting;
                    out.push(Action::StartService);
                }
            }
            (Hook::BeforeStart, error) => {
                if let Phase::Preparing { .. } = self.phase {
                    out.extend(error.map(|error| Action::Tell(What::ServiceFailed { error })));
                    self.ended(exit, Left::NOTHING, stopping, rules, now, out);
                }
            }
            (Hook::Stop, Some(error)) => {
                if let Phase::Running(running) = &self.phase {
                    out.push(Action::Tell(What::Warning { message: error }));
                    running.stop_hook_failed(rules, out);
                }
            }
            (Hook::Reload, Some(error)) => out.push(Action::Tell(What::Warning { message: error })),
            (Hook::Stop | Hook::Reload, None) => {}
        }
    }

    /// Its process ended, or could not be started.
    pub(super) fn ended(
        &mut self,
        exit: Exit,
        left: Left,
        stopping: bool,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let (since, dead, asked) = match &self.phase {
            Phase::Running(running) => (running.since, running.dead, running.is_asked()),
            Phase::Starting | Phase::Preparing { .. } => (now, false, false),
            // Given up on before: what is late now changes nothing.
            Phase::Down | Phase::Clearing { .. } | Phase::Pausing { .. } | Phase::Gone { .. } => {
                return;
            }
        };
        self.end_probe(out);
        let ran = now.saturating_sub(since);
        let success = rules.is_success(exit) && !dead;
        let code = if dead && rules.is_success(exit) { DEAD } else { exit.code() };
        let wanted = match rules.restart {
            Restart::Always => true,
            Restart::OnFailure => !success,
            Restart::Never => false,
        };
        let pause = if wanted && !stopping { self.backoff.grant(now, ran) } else { None };
        let restart_in_ms = pause.map(millis);
        out.push(Action::Tell(What::ServiceExited { exit, restart_in_ms }));
        if rules.supervised && success && !stopping && ran < DAEMON_WITHIN {
            // A probe may be a process too.
            out.extend((left.group || (left.any && !asked)).then(|| daemon(ran)));
        }
        let next = match pause {
            Some(pause) => Next::Restart { at: now + pause, last: code },
            None => Next::Finish { code },
        };
        // What is left when it is not started again is swept up with everything else.
        if left.group && matches!(next, Next::Restart { .. }) {
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
        good: bool,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        if attempt == self.attempt
            && let Phase::Running(running) = &mut self.phase
        {
            running.probed(good, rules, now, out);
        }
    }

    pub(super) fn told_ready(&mut self, rules: &Rules, now: Duration, out: &mut Vec<Action>) {
        if let Phase::Running(running) = &mut self.phase {
            running.told_ready(rules, now, out);
        }
    }

    pub(super) fn told_stopping(&mut self, out: &mut Vec<Action>) {
        if let Phase::Running(running) = &mut self.phase {
            running.told_stopping(self.attempt, out);
        }
    }

    /// Passes a signal on that means nothing to lightship.
    pub(super) fn forward(&self, signal: Signal, out: &mut Vec<Action>) {
        if matches!(self.phase, Phase::Running(_)) {
            out.push(Action::SignalService(signal));
        }
    }

    /// Makes it read its configuration again.
    pub(super) fn reload(&self, rules: &Rules, out: &mut Vec<Action>) {
        match rules.reload {
            Reload::Signal(signal) => self.forward(signal, out),
            Reload::Hook => {
                if matches!(&self.phase, Phase::Running(running) if !running.is_ending()) {
                    out.push(Action::RunHook(Hook::Reload));
                }
            }
        }
    }

    pub(super) fn stop(
        &mut self,
        signal: Signal,
        kill_at: Duration,
        rules: &Rules,
        out: &mut Vec<Action>,
    ) {
        match &mut self.phase {
            Phase::Preparing { ending } => {
                if ending.ask(kill_at) {
                    out.push(Action::SignalHook(Hook::BeforeStart, Signal::TERM));
                }
            }
            Phase::Running(running) => running.stop(signal, kill_at, self.attempt, rules, out),
            // The sweep goes on with what is left of the group.
            Phase::Clearing { next, .. } => self.phase = Phase::Gone { code: next.code() },
            Phase::Pausing { last, .. } => self.phase = Phase::Gone { code: *last },
            Phase::Down | Phase::Starting | Phase::Gone { .. } => {}
        }
    }

    pub(super) fn force(&mut self, now: Duration, out: &mut Vec<Action>) {
        match &mut self.phase {
            Phase::Preparing { ending } => {
                if ending.force(now) {
                    out.push(Action::SignalHook(Hook::BeforeStart, Signal::KILL));
                }
            }
            Phase::Running(running) => running.force(now, out),
            Phase::Clearing { ending, .. } => {
                if ending.force(now) {
                    out.push(Action::SignalService(Signal::KILL));
                }
            }
            Phase::Down | Phase::Starting | Phase::Pausing { .. } | Phase::Gone { .. } => {}
        }
    }

    /// Does what the time has brought.
    pub(super) fn pass(&mut self, rules: &Rules, now: Duration, out: &mut Vec<Action>) {
        match &mut self.phase {
            Phase::Preparing { ending } => match ending.pass(now) {
                Due::Nothing => {}
                Due::Kill => out.push(Action::SignalHook(Hook::BeforeStart, Signal::KILL)),
                Due::GiveUp => self.phase = Phase::Gone { code: Exit::Signal(9).code() },
            },
            Phase::Running(running) => {
                if !running.pass(&mut self.attempt, rules, now, out) {
                    self.phase = Phase::Gone { code: Exit::Signal(9).code() };
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
            Phase::Pausing { until, .. } if *until <= now => self.start(rules, out),
            Phase::Down | Phase::Starting | Phase::Pausing { .. } | Phase::Gone { .. } => {}
        }
    }

    fn end_probe(&self, out: &mut Vec<Action>) {
        if let Phase::Running(running) = &self.phase {
            running.end_probe(self.attempt, out);
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Running(running) => running.deadline(),
            Phase::Preparing { ending } | Phase::Clearing { ending, .. } => ending.deadline(),
            Phase::Pausing { until, .. } => Some(*until),
            Phase::Down | Phase::Starting | Phase::Gone { .. } => None,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(&self.phase, Phase::Running(running) if running.is_ready())
    }

    /// Its last code, once it is not started again.
    pub(super) fn gone(&self) -> Option<u8> {
        match self.phase {
            Phase::Gone { code } => Some(code),
            Phase::Down
            | Phase::Preparing { .. }
            | Phase::Starting
            | Phase::Running(_)
            | Phase::Clearing { .. }
            | Phase::Pausing { .. } => None,
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

fn daemon(ran: Duration) -> Action {
    let message = format!(
        "the service ended well after {} ms and left processes behind: if it has put itself into \
         the background, start it with its option to stay in the foreground; lightship looks \
         after the process that it started",
        millis(ran)
    );
    Action::Tell(What::Warning { message })
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
