//! The supervisor: what PID 1 decides about the service and the loader. A pure machine: inputs
//! and the time go in, actions come out; [`crate::runtime`] performs them.
//!
//! ```text
//! service   down ─► starting ─► running ─► clearing ─► pausing ─► starting …
//!                       └──────────────────────┴──────────┴─► gone
//! loader    waiting ─► starting ─► running ─► pausing ─► starting …
//!              └─────────────────────┴───────────┴─► over
//! ```
//!
//! When the service is gone for good the loader is stopped; when both are over, lightship exits.

mod backoff;
mod ending;
mod loader;
mod service;
mod signal;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lightship_model::event::{Exit, What};
use lightship_model::manifest::Restart;

pub use self::signal::Signal;

use self::loader::Loader;
use self::service::Service;

/// What was configured, as far as decisions depend on it.
#[derive(Clone, Debug)]
pub struct Rules {
    pub command: Vec<String>,
    pub restart: Restart,
    /// Whether there is a probe that finds out when the service is ready; without one it is
    /// ready once it runs.
    pub probed: bool,
    pub ready_timeout: Duration,
    pub stop_timeout: Duration,
    /// Whether there is a loader to run.
    pub loader: bool,
}

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
    Signal(Signal),
    /// Whoever read our events is gone: `lightship up` died.
    ReaderGone,
    /// The [`Supervisor::deadline`] has come.
    Time,
}

/// What has to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Answered with `ServiceStarted` or `ServiceNotStarted`.
    StartService,
    /// To the service's process group.
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
    stop: Stop,
    exited: bool,
}

impl Supervisor {
    /// A supervisor that has not begun. `seed` makes its pauses differ from other containers'.
    pub fn new(rules: Rules, seed: u64) -> Self {
        let loader = Loader::new(rules.loader, seed.rotate_left(32));
        Self { rules, service: Service::new(seed), loader, stop: Stop::No, exited: false }
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
                self.service.started(pid, &self.rules, now, &mut out);
                if stopping {
                    let kill_at = now + self.rules.stop_timeout;
                    self.service.stop(Signal::Terminate, kill_at, &mut out);
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
            Input::Probed { attempt, ready } => {
                self.service.probed(attempt, ready, now, &mut out);
            }
            Input::LoaderStarted { pid } => {
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
                out.push(Action::SignalLoader(Signal::Kill));
                self.loader.ended(exit, stopping, now, &mut out);
            }
            Input::Signal(signal) => self.signal(signal, now, &mut out),
            Input::ReaderGone => {
                self.stop(Signal::Terminate, "nobody reads the events any more", now, &mut out);
            }
            Input::Time => {
                self.service.pass(now, &mut out);
                self.loader.pass(now, &mut out);
            }
        }
        self.settle(now, &mut out);
        out
    }

    /// When the machine wants [`Input::Time`]; never, when it waits for something else alone.
    pub fn deadline(&self) -> Option<Duration> {
        self.service.deadline().into_iter().chain(self.loader.deadline()).min()
    }

    fn signal(&mut self, signal: Signal, now: Duration, out: &mut Vec<Action>) {
        match signal {
            Signal::Terminate | Signal::Interrupt if self.stop == Stop::No => {
                self.stop(signal, &format!("signal {signal}"), now, out);
            }
            // QUIT would make many a service dump its core: it is stopped like with TERM.
            Signal::Quit if self.stop == Stop::No => {
                self.stop(Signal::Terminate, "signal QUIT", now, out);
            }
            Signal::Terminate | Signal::Interrupt | Signal::Quit => {
                self.stop = Stop::Forced;
                self.service.force(now, out);
                self.loader.force(now, out);
            }
            Signal::Hangup | Signal::User1 | Signal::User2 | Signal::WindowChange => {
                self.service.forward(signal, out);
            }
            // Never seen by a process, let alone by this one.
            Signal::Kill => {}
        }
    }

    fn stop(&mut self, signal: Signal, reason: &str, now: Duration, out: &mut Vec<Action>) {
        if self.stop > Stop::No {
            return;
        }
        self.stop = Stop::Asked;
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
        if self.loader.is_over() && !self.exited {
            self.exited = true;
            out.push(Action::Exit(code));
        }
    }
}
