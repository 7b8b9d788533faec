//! The supervisor: what PID 1 decides about the service and the loader. A pure machine: inputs
//! and the time go in, actions come out; [`crate::runtime`] performs them.
//!
//! ```text
//! service   down ─► preparing ─► starting ─► running ─► clearing ─► pausing ─► preparing …
//!                       └────────────┴───────────────────────┴──────────┴─► gone ─► sweep ─► exit
//! loader    waiting ─► starting ─► running ─► pausing ─► starting …
//!              └─────────────────────┴───────────┴─► over
//! ```
//!
//! When the service is gone for good, the loader and everything else that is left is ended; when
//! nothing is left, lightship exits.

mod backoff;
mod ending;
mod hook;
mod liveness;
mod loader;
mod readiness;
mod rules;
mod running;
mod service;
mod sweep;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lightship_model::event::{Exit, What};

pub use self::hook::{Hook, Reload};
pub use self::liveness::LiveRules;
pub use self::readiness::ReadyBy;
pub use self::rules::Rules;
pub use crate::signal::Signal;

use self::loader::Loader;
use self::service::{Left, Service};
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
        good: bool,
    },
    /// The service said itself that it is ready.
    ToldReady,
    /// The service said itself that it is about to end.
    ToldStopping,
    HookEnded {
        hook: Hook,
        exit: Exit,
    },
    /// The hook could not be executed.
    HookNotStarted {
        hook: Hook,
        code: u8,
        error: String,
    },
    /// Somebody wants the service to read its configuration again.
    Reload,
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
    /// Answered with `HookEnded` or `HookNotStarted`.
    RunHook(Hook),
    /// To the process group of the hook, if it runs.
    SignalHook(Hook, Signal),
    /// Answered with `Probed`, unless it is ended before.
    Probe {
        attempt: u64,
        asks: Asks,
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

/// What a probe wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Is the service ready?
    Ready,
    /// Does the service, which was ready, still work?
    Live,
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
            service: Service::new(&rules, seed),
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
                self.service.start(&self.rules, &mut out);
                self.loader.wait(now + self.rules.ready_timeout);
            }
            Input::ServiceStarted { pid } => {
                self.alone = false;
                self.service.started(pid, &self.rules, now, &mut out);
                if stopping {
                    let kill_at = now + self.rules.stop_timeout;
                    self.service.stop(Signal::TERM, kill_at, &self.rules, &mut out);
                }
            }
            Input::ServiceNotStarted { code, error } => {
                out.push(Action::Tell(What::ServiceFailed { error }));
                let exit = Exit::Code(code);
                self.service.ended(exit, Left::NOTHING, stopping, &self.rules, now, &mut out);
            }
            Input::ServiceEnded { exit, left_over } => {
                let any = !self.alone && !self.loader.is_running();
                let left = Left { group: left_over, any };
                self.service.ended(exit, left, stopping, &self.rules, now, &mut out);
            }
            Input::GroupGone => self.service.cleared(),
            Input::Alone => self.alone = true,
            Input::Probed { attempt, good } => {
                self.service.probed(attempt, good, &self.rules, now, &mut out);
            }
            Input::ToldReady => self.service.told_ready(&self.rules, now, &mut out),
            Input::ToldStopping => self.service.told_stopping(&mut out),
            Input::HookEnded { hook, exit } => {
                let error = format!("`{hook}` ended with {exit}");
                let error = (!exit.is_success()).then_some(error);
                self.hook_ended(hook, exit, error, now, &mut out);
            }
            Input::HookNotStarted { hook, code, error } => {
                self.hook_ended(hook, Exit::Code(code), Some(error), now, &mut out);
            }
            Input::Reload => self.service.reload(&self.rules, &mut out),
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
                self.service.pass(&self.rules, now, &mut out);
                self.loader.pass(now, &mut out);
                self.sweep.pass(now, &mut out);
            }
        }
        if out.contains(&Action::RunHook(Hook::BeforeStart)) {
            self.alone = false;
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
        } else if passed == Signal::HUP {
            self.service.reload(&self.rules, out);
        } else {
            self.service.forward(passed, out);
            self.suspend(signal, out);
        }
    }

    fn hook_ended(
        &mut self,
        hook: Hook,
        exit: Exit,
        error: Option<String>,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let stopping = self.stop > Stop::No;
        self.service.hook_ended((hook, exit), error, stopping, &self.rules, now, out);
    }

    fn suspend(&self, signal: Signal, out: &mut Vec<Action>) {
        if self.rules.suspends && signal.suspends() {
            out.push(Action::Suspend);
        }
    }

    /// One of the three signals that ask for the end.
    fn asked(&mut self, signal: Signal, passed: Signal, now: Duration, out: &mut Vec<Action>) {
        let hurry = if self.rules.supervised {
            self.stop > Stop::No
        } else {
            self.asked_at.is_some() && self.service.gone().is_some()
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
        self.service.stop(signal, now + self.rules.stop_timeout, &self.rules, out);
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
