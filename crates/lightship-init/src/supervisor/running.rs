//! One run of the service: from its start to its process's end.

use std::time::Duration;

use lightship_model::event::{Fault, What};

use super::ending::{Due, Ending};
use super::hook::Hook;
use super::liveness::{Liveness, Verdict};
use super::readiness::{Readiness, ReadyBy, Step};
use super::service::millis;
use super::{Action, Asks, Rules, Signal};

#[derive(Clone, Debug)]
pub(super) struct Running {
    pid: u32,
    pub(super) since: Duration,
    readiness: Readiness,
    liveness: Liveness,
    /// When it counts as late; nothing once it was told, or does not matter any more.
    late_at: Option<Duration>,
    ending: Ending,
    /// It has stopped working: however it ends, it has failed.
    pub(super) dead: bool,
}

impl Running {
    /// A run that has just begun; `attempt` is the number of the newest probe.
    pub(super) fn begin(
        pid: u32,
        attempt: &mut u64,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) -> Self {
        let command = rules.command.clone();
        out.push(Action::Tell(What::ServiceStarted { pid, command }));
        let mut running = Self {
            pid,
            since: now,
            readiness: Readiness::Awaited,
            liveness: Liveness::Off,
            late_at: Some(now + rules.ready_timeout),
            ending: Ending::No,
            dead: false,
        };
        match rules.ready {
            ReadyBy::Running => running.ready(rules, now, out),
            ReadyBy::Probe => {
                running.readiness = Readiness::probing(now);
                ask(Asks::Ready, attempt, out);
            }
            ReadyBy::Itself => {}
        }
        running
    }

    fn ready(&mut self, rules: &Rules, now: Duration, out: &mut Vec<Action>) {
        self.readiness = Readiness::Ready;
        self.liveness = Liveness::begin(rules.live, now);
        self.late_at = None;
        let after_ms = millis(now.saturating_sub(self.since));
        out.push(Action::Tell(What::ServiceReady { pid: self.pid, after_ms }));
    }

    /// It said itself that it is ready.
    pub(super) fn told_ready(&mut self, rules: &Rules, now: Duration, out: &mut Vec<Action>) {
        if let Readiness::Awaited = self.readiness {
            self.ready(rules, now, out);
        }
    }

    /// It said itself that it is about to end: nobody has to find that out.
    pub(super) fn told_stopping(&mut self, attempt: u64, out: &mut Vec<Action>) {
        self.end_probe(attempt, out);
        self.liveness = Liveness::Off;
    }

    /// The newest probe has its answer.
    pub(super) fn probed(
        &mut self,
        good: bool,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        if self.readiness.answered(good, now) {
            self.ready(rules, now, out);
        } else if self.liveness.answered(good, now) {
            self.die(rules, now, out);
        }
    }

    /// It has stopped working: it is ended, and that counts as a failure.
    fn die(&mut self, rules: &Rules, now: Duration, out: &mut Vec<Action>) {
        let failures = rules.live.map_or(0, |live| live.failures);
        let message =
            format!("the service has failed {failures} liveness checks in a row: it is ended");
        out.push(Action::Tell(What::ServiceFaulted { fault: Fault::Probe, message }));
        self.dead = true;
        self.ask_to_end(Signal::TERM, now + rules.stop_timeout, rules, out);
    }

    /// Ends it by `kill_at`.
    pub(super) fn stop(
        &mut self,
        signal: Signal,
        kill_at: Duration,
        attempt: u64,
        rules: &Rules,
        out: &mut Vec<Action>,
    ) {
        self.end_probe(attempt, out);
        self.ask_to_end(signal, kill_at, rules, out);
    }

    fn ask_to_end(
        &mut self,
        signal: Signal,
        kill_at: Duration,
        rules: &Rules,
        out: &mut Vec<Action>,
    ) {
        self.readiness = Readiness::Moot;
        self.liveness = Liveness::Off;
        self.late_at = None;
        if self.ending.ask(kill_at) {
            out.push(if rules.stop_hook {
                Action::RunHook(Hook::Stop)
            } else {
                Action::SignalService(rules.stop_signal.unwrap_or(signal))
            });
        }
    }

    /// The stop hook could not do it.
    pub(super) fn stop_hook_failed(&self, rules: &Rules, out: &mut Vec<Action>) {
        if let Ending::Asked { .. } = self.ending {
            out.push(Action::SignalService(rules.stop_signal.unwrap_or(Signal::TERM)));
        }
    }

    pub(super) fn force(&mut self, now: Duration, out: &mut Vec<Action>) {
        if self.ending.force(now) {
            out.push(Action::SignalService(Signal::KILL));
        }
    }

    /// Does what the time has brought; false when the process hangs and is given up on.
    pub(super) fn pass(
        &mut self,
        attempt: &mut u64,
        rules: &Rules,
        now: Duration,
        out: &mut Vec<Action>,
    ) -> bool {
        if self.late_at.is_some_and(|at| at <= now) {
            self.late_at = None;
            let after_ms = millis(now.saturating_sub(self.since));
            out.push(Action::Tell(What::ServiceLate { after_ms }));
        }
        match self.ending.pass(now) {
            Due::Nothing => {}
            Due::Kill => out.push(Action::SignalService(Signal::KILL)),
            Due::GiveUp => return false,
        }
        match self.readiness.pass(now) {
            Step::Nothing => {}
            Step::Ask => ask(Asks::Ready, attempt, out),
            Step::GiveUp => out.push(Action::EndProbe { attempt: *attempt }),
        }
        match self.liveness.pass(now) {
            Verdict::Nothing => {}
            Verdict::Ask => ask(Asks::Live, attempt, out),
            Verdict::GiveUp => out.push(Action::EndProbe { attempt: *attempt }),
            Verdict::Dead => {
                out.push(Action::EndProbe { attempt: *attempt });
                self.die(rules, now, out);
            }
        }
        true
    }

    /// Ends the probe that is running.
    pub(super) fn end_probe(&self, attempt: u64, out: &mut Vec<Action>) {
        if self.is_asked() {
            out.push(Action::EndProbe { attempt });
        }
    }

    /// A probe is running.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.readiness, Readiness::Probing { .. }) || self.liveness.is_asking()
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.readiness, Readiness::Ready)
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let deadlines = [
            self.late_at,
            self.ending.deadline(),
            self.readiness.deadline(),
            self.liveness.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending != Ending::No
    }
}

fn ask(asks: Asks, attempt: &mut u64, out: &mut Vec<Action>) {
    *attempt += 1;
    out.push(Action::Probe { attempt: *attempt, asks });
}
