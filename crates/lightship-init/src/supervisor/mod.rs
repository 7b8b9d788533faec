//! The supervisor: what PID 1 decides about the service and the loader. A pure machine: inputs
//! and the time go in, actions come out; [`crate::runtime`] performs them.
//!
//! ```text
//! service   down ─► starting ─► running ─► clearing ─► pausing ─► starting …
//!                       └──────────────────────┴──────────┴─► gone ─► sweep ─► exit
//! loader    waiting ─► starting ─► running ─► pausing ─► starting …
//!              └─────────────────────┴───────────┴─► over
//! ```
//!
//! When the service is gone for good, the loader and everything else that is left is ended; when
//! nothing is left, lightship exits.

mod backoff;
mod ending;
mod loader;
mod rules;
mod service;
mod sweep;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lightship_model::event::{Exit, What};

pub use self::rules::Rules;
pub use crate::signal::Signal;

use self::loader::Loader;
use self::service::Service;
use self::sweep::Sweep;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// lightship starts.
    Begin,
    ServiceStarted {
        pid: u32,
    },
    /// The service could not be executed; `code` is the one that a shell would give.
    ServiceNotStarted {
        code: u8,
        error: String,
    },
    /// The service's process ended; `left_over` when others of its group still live.
    ServiceEnded {
        exit: Exit,
        left_over: bool,
    },
    /// The last process of the ended service's group is gone.
    GroupGone,
    /// No process is left but lightship; told before the end of those that ended last.
    Alone,
    /// A probe has its answer.
    Probed {
        attempt: u64,
        ready: bool,
    },
    LoaderStarted {
        pid: u32,
    },
    LoaderNotStarted {
        code: u8,
        error: String,
    },
    /// The loader said that nothing is left to do.
    LoadComplete,
    LoaderEnded {
        exit: Exit,
    },
    /// Somebody wants the loader to run, again if it is over.
    LoaderWanted,
    /// The manifest has changed: the loader is to read it again.
    LoaderRenewed,
    Signal(Signal),
    /// The terminal has stopped the service.
    ServiceSuspended,
    /// Somebody asked for everything to end, in other ways than by a signal.
    Stop {
        reason: &'static str,
    },
    /// The [`Supervisor::deadline`] has come.
    Time,
}

/// What has to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Answered with `ServiceStarted` or `ServiceNotStarted`.
    StartService,
    /// To the service's process group, or to its process where that is configured.
    SignalService(Signal),
    /// Answered with `Probed`, unless it is ended before.
    Probe {
        attempt: u64,
    },
    EndProbe {
        attempt: u64,
    },
    /// Answered with `LoaderStarted` or `LoaderNotStarted`.
    StartLoader,
    /// To every process of the loader's session.
    SignalLoader(Signal),
    /// To every process that is left.
    SignalRest(Signal),
    /// Stop lightship itself, until somebody continues it.
    Suspend,
    /// An event for everybody who looks.
    Tell(What),
    /// End lightship with this code: nothing is left to do.
    Exit(u8),
}

/// Whether everything is to end. The order is that of its escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    No,
    Asked,
    Forced,
}

/// The machine's state.
#[derive(Clone, Debug)]
pub struct Supervisor {
    rules: Rules,
    service: Service,
    loader: Loader,
    sweep: Sweep,
    stop: Stop,
    /// When the stop budget began to run.
    asked_at: Option<Duration>,
    /// No process is left.
    alone: bool,
    exited: bool,
}

impl Supervisor {
    /// A supervisor that has not begun. `seed` makes its pauses differ from other containers'.
    pub fn new(rules: Rules, seed: u64) -> Self {
        Self {
            service: Service::new(seed),
            loader: Loader::new(rules.loader, seed.rotate_left(32)),
            sweep: Sweep::NotBegun,
            stop: Stop::No,
            asked_at: None,
            alone: false,
            exited: false,
            rules,
        }
    }

    /// Takes `input` in at the time `now` (since any fixed point) and says what has to be done.
    pub fn step(&mut self, input: Input, now: Duration) -> Vec<Action> {
        let mut out = Vec::new();
        let stopping = self.stop > Stop::No;
        match input {
            Input::Begin => {
                self.service.start(&mut out);
                self.loader.wait(now + self.rules.ready_timeout);
            }
            Input::ServiceStarted { pid } => {
                self.alone = false;
                self.service.started(pid, &self.rules, now, &mut out);
                if stopping {
                    let kill_at = now + self.rules.stop_timeout;
                    self.service.stop(Signal::TERM, kill_at, &mut out);
                }
            }
            Input::ServiceNotStarted { code, error } => {
                out.push(Action::Tell(What::ServiceFailed { error }));
                self.service.ended(Exit::Code(code), false, stopping, &self.rules, now, &mut out);
            }
            Input::ServiceEnded { exit, left_over } => {
                self.service.ended(exit, left_over, stopping, &self.rules, now, &mut out);
            }
            Input::GroupGone => self.service.cleared(),
            Input::Alone => self.alone = true,
            Input::Probed { attempt, ready } => {
                self.service.probed(attempt, ready, now, &mut out);
            }
            Input::LoaderStarted { pid } => {
                self.alone = false;
                self.loader.started(pid, now, &mut out);
                if stopping {
                    self.loader.stop(now + self.rules.stop_timeout, &mut out);
                }
            }
            Input::LoaderNotStarted { code, error } => {
                out.push(Action::Tell(What::Warning { message: error }));
                self.loader.ended(Exit::Code(code), stopping, now, &mut out);
            }
            Input::LoadComplete => self.loader.complete(),
            Input::LoaderEnded { exit } => {
                // What it started has nobody to report to any more.
                out.push(Action::SignalLoader(Signal::KILL));
                self.loader.ended(exit, stopping, now, &mut out);
            }
            Input::LoaderWanted => {
                if !stopping && self.service.gone().is_none() {
                    self.loader.want(&mut out);
                }
            }
            Input::LoaderRenewed => {
                if !stopping && self.service.gone().is_none() {
                    self.loader.renew(now + self.rules.stop_timeout, &mut out);
                }
            }
            Input::Signal(signal) => self.signal(signal, now, &mut out),
            Input::ServiceSuspended => self.suspend(Signal::TSTP, &mut out),
            Input::Stop { reason } => self.stop(Signal::TERM, reason, now, &mut out),
            Input::Time => {
                self.service.pass(now, &mut out);
                self.loader.pass(now, &mut out);
                self.sweep.pass(now, &mut out);
            }
        }
        self.settle(now, &mut out);
        out
    }

    /// When the machine wants [`Input::Time`]; never, when it waits for something else alone.
    pub fn deadline(&self) -> Option<Duration> {
        let deadlines = [self.service.deadline(), self.loader.deadline(), self.sweep.deadline()];
        deadlines.into_iter().flatten().min()
    }

    fn signal(&mut self, signal: Signal, now: Duration, out: &mut Vec<Action>) {
        if !signal.is_forwardable() {
            return;
        }
        let Some(passed) = self.rules.rewritten(signal) else {
            // Dropped for the service; the terminal still means lightship.
            self.suspend(signal, out);
            return;
        };
        if [Signal::TERM, Signal::INT, Signal::QUIT].contains(&signal) {
            self.asked(signal, passed, now, out);
        } else {
            self.service.forward(passed, out);
            self.suspend(signal, out);
        }
    }

    fn suspend(&self, signal: Signal, out: &mut Vec<Action>) {
        if self.rules.suspends && signal.suspends() {
            out.push(Action::Suspend);
        }
    }

    /// One of the three signals that ask for the end.
    fn asked(&mut self, signal: Signal, passed: Signal, now: Duration, out: &mut Vec<Action>) {
        let hurry = match self.rules.supervised {
            true => self.stop > Stop::No,
            false => self.asked_at.is_some() && self.service.gone().is_some(),
        };
        if hurry {
            self.stop = Stop::Forced;
            self.service.force(now, out);
            self.loader.force(now, out);
            self.sweep.force(now, out);
        } else if self.rules.supervised {
            // QUIT would make many a service dump its core: it is stopped like with TERM.
            let quiet = if passed == Signal::QUIT { Signal::TERM } else { passed };
            self.stop(quiet, &format!("signal {signal}"), now, out);
        } else {
            // What it means is the service's to say; the budget runs in case it is the end.
            self.asked_at = Some(now);
            self.service.forward(passed, out);
        }
    }

    fn stop(&mut self, signal: Signal, reason: &str, now: Duration, out: &mut Vec<Action>) {
        if self.stop > Stop::No {
            return;
        }
        self.stop = Stop::Asked;
        self.asked_at = Some(now);
        out.push(Action::Tell(What::Stopping { reason: reason.to_owned() }));
        self.service.stop(signal, now + self.rules.stop_timeout, out);
        self.loader.stop(now + self.rules.stop_timeout, out);
    }

    /// What follows from the states alone, whatever led to them.
    fn settle(&mut self, now: Duration, out: &mut Vec<Action>) {
        if self.stop == Stop::No && self.service.is_ready() {
            self.loader.start(out);
        }
        let Some(code) = self.service.gone() else { return };
        self.loader.stop(now + loader::PATIENCE, out);
        let over = if self.rules.single_child {
            self.loader.is_over()
        } else if self.alone || self.sweep == Sweep::GivenUp {
            true
        } else {
            let from = self.asked_at.unwrap_or(now);
            self.sweep.begin(from + self.rules.stop_timeout, now, out);
            if self.stop == Stop::Forced {
                self.sweep.force(now, out);
            }
            false
        };
        if over && !self.exited {
            self.exited = true;
            out.push(Action::Exit(self.rules.final_code(code)));
        }
    }
}
