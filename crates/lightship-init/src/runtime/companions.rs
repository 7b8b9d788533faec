//! What the service has beside its process: probes that ask it, its log, its notifications, its
//! hooks.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::time::Duration;

use lightship_model::manifest::{Notify, Ready, Reload, Service};
use rustix::process::Pid;

use super::Keeper;
use crate::counters::Probed;
use crate::error::RunError;
use crate::log;
use crate::logs::{Logs, Stream};
use crate::notify::{Listening, Told};
use crate::poller::Poller;
use crate::probe::{Attempt, Probe};
use crate::process::NotStarted;
use crate::processes::{Extras, Role};
use crate::supervisor::{Asks, Hook, Input};
use crate::view::View;

/// Holds the number of the service's process, for its hooks.
const SERVICE_PID: &str = "LIGHTSHIP_SERVICE_PID";

/// All of it, over all runs of the service.
pub(super) struct Companions {
    ready: Option<Probe>,
    live: Option<Probe>,
    /// The probe over the network that was begun last.
    attempt: Option<(u64, Attempt)>,
    /// The probe that has no answer yet, and when it was begun.
    asked: Option<(u64, Asks, Duration)>,
    pub(super) logs: Option<Logs>,
    /// The pipes of the log were made for a hook that has run before the service.
    prepared: bool,
    notify: Option<Notify>,
    listening: Option<Listening>,
    before_start: Vec<OsString>,
    stop: Vec<OsString>,
    reload: Vec<OsString>,
}

impl Companions {
    pub(super) fn new(service: &Service) -> Result<Self, RunError> {
        let (mut ready, mut text, mut notify) = (None, None, None);
        match &service.ready {
            Some(Ready::Probe(check)) => ready = Some(Probe::new(check)),
            Some(Ready::Log(wanted)) => text = Some(wanted.as_str()),
            Some(Ready::Notify(kind)) => notify = Some(*kind),
            None => {}
        }
        let live = service.live.as_ref().map(|live| Probe::new(&live.check));
        let reload = match &service.reload {
            Some(Reload::Command(command)) => words(command),
            Some(Reload::Signal(_)) | None => Vec::new(),
        };
        Ok(Self {
            ready: ready.transpose().map_err(|source| RunError::Probe { key: "ready", source })?,
            live: live.transpose().map_err(|source| RunError::Probe { key: "live", source })?,
            attempt: None,
            asked: None,
            logs: Logs::new(service.log, &service.command, text),
            prepared: false,
            notify,
            listening: None,
            before_start: service.before_start.as_deref().map(words).unwrap_or_default(),
            stop: service.stop.as_deref().map(words).unwrap_or_default(),
            reload,
        })
    }

    pub(super) fn watch(&mut self, poller: &mut Poller) {
        if let Some((_, attempt)) = &mut self.attempt {
            attempt.watch(poller);
        }
        if let Some(logs) = &mut self.logs {
            logs.watch(poller);
        }
        if let Some(listening) = &mut self.listening {
            listening.watch(poller);
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let attempt = self.attempt.as_ref().and_then(|(_, attempt)| attempt.deadline());
        let logs = self.logs.as_ref().and_then(Logs::deadline);
        attempt.into_iter().chain(logs).min()
    }

    /// Does what can be done at once; what came of it.
    fn turn(&mut self, poller: &Poller, now: Duration, service: Option<Pid>) -> Vec<Input> {
        let mut inputs = Vec::new();
        if let Some((number, attempt)) = &mut self.attempt {
            let answer = attempt.turn(poller, now);
            inputs.extend(answer.map(|good| Input::Probed { attempt: *number, good }));
            if attempt.is_over() {
                self.attempt = None;
            }
        }
        if let Some(logs) = &mut self.logs
            && logs.turn(poller, now, View::now())
        {
            inputs.push(Input::ToldReady);
        }
        if let Some(listening) = &mut self.listening {
            for told in listening.turn(poller, service) {
                match told {
                    Told::Ready => inputs.push(Input::ToldReady),
                    Told::Stopping => inputs.push(Input::ToldStopping),
                    Told::Status(text) => log::line(&format!("the service says: {text}")),
                }
            }
        }
        inputs
    }

    /// Makes what the next run of the service gets.
    fn prepare(&mut self, now: Duration) -> io::Result<()> {
        if let Some(logs) = &mut self.logs {
            if !std::mem::take(&mut self.prepared) {
                logs.begin(now, View::now())?;
            }
            logs.look(now, View::now());
        }
        self.listening = self.notify.map(Listening::new).transpose()?;
        Ok(())
    }

    /// What the service gets beyond what was configured.
    fn extras(&self) -> Extras {
        let mut extras = Extras { moves: self.outputs(), ..Extras::default() };
        if let Some(listening) = &self.listening {
            let (name, value) = listening.variable();
            extras.env.push((name.to_owned(), value.to_owned()));
            extras.keep.extend(listening.handed().map(|descriptor| descriptor.as_raw_fd()));
        }
        extras
    }

    /// Where the output of the service and its hooks goes, if not to lightship's own.
    fn outputs(&self) -> Vec<(RawFd, RawFd)> {
        let outputs = self.logs.as_ref().and_then(Logs::outputs);
        let outputs: Option<[BorrowedFd<'_>; 2]> = outputs;
        outputs
            .map(|[out, err]| vec![(out.as_raw_fd(), 1), (err.as_raw_fd(), 2)])
            .unwrap_or_default()
    }
}

fn words(command: &[String]) -> Vec<OsString> {
    command.iter().map(OsString::from).collect()
}

impl Keeper {
    pub(super) fn look_after_companions(&mut self, now: Duration) {
        let service = self.processes.service_pid();
        for input in self.companions.turn(&self.poller, now, service) {
            self.take(input);
        }
        if let Some(logs) = &self.companions.logs {
            let mut counters = self.view.counters.borrow_mut();
            counters.stdout_lines_dropped = logs.dropped(Stream::Out);
            counters.stderr_lines_dropped = logs.dropped(Stream::Err);
        }
    }

    pub(super) fn start_service(&mut self) -> Result<Pid, NotStarted> {
        self.companions.prepare(self.view.elapsed()).map_err(|error| NotStarted {
            code: lightship_model::exit::INTERNAL,
            error: format!("can't make the pipes for the service: {error}"),
        })?;
        let terminal = self.terminal.is_for_the_service();
        let extras = Extras { terminal, ..self.companions.extras() };
        let started = self.processes.start_service(&extras);
        if let Some(listening) = &mut self.companions.listening {
            listening.started();
        }
        started
    }

    /// Runs a hook; an input, when that is all that comes of it.
    pub(super) fn run_hook(&mut self, hook: Hook) -> Option<Input> {
        let failed = self.start_hook(hook).err()?;
        Some(Input::HookNotStarted { hook, code: failed.code, error: failed.error })
    }

    fn start_hook(&mut self, hook: Hook) -> Result<Pid, NotStarted> {
        let companions = &mut self.companions;
        if hook == Hook::BeforeStart
            && let Some(logs) = &mut companions.logs
        {
            let begun = logs.begin(self.view.elapsed(), View::now());
            begun.map_err(|error| NotStarted {
                code: lightship_model::exit::INTERNAL,
                error: format!("can't make the pipes for `{hook}`: {error}"),
            })?;
            companions.prepared = true;
        }
        let mut extras = Extras { moves: companions.outputs(), ..Extras::default() };
        if let Some(pid) = self.processes.service_pid() {
            extras.env.push((SERVICE_PID.to_owned(), pid.as_raw_nonzero().to_string()));
        }
        let argv = match hook {
            Hook::BeforeStart => &companions.before_start,
            Hook::Stop => &companions.stop,
            Hook::Reload => &companions.reload,
        };
        // One of a kind: what an earlier one has not done by now it never will.
        self.processes.forget(Role::Hook(hook));
        self.processes.start_hook(hook, argv, &extras)
    }

    /// Begins a probe; its answer, where that is known at once.
    pub(super) fn begin_probe(&mut self, attempt: u64, asks: Asks) -> Option<Input> {
        let companions = &mut self.companions;
        companions.asked = Some((attempt, asks, self.view.elapsed()));
        let probe = match asks {
            Asks::Ready => companions.ready.as_ref(),
            Asks::Live => companions.live.as_ref(),
        };
        if let Some(Probe::Exec(argv)) = probe {
            let failed = self.processes.start_probe(argv, attempt).err()?;
            log::line(&failed.error);
            // That lightship can start nothing says nothing about a service that runs.
            if asks == Asks::Live && failed.code == lightship_model::exit::INTERNAL {
                return Some(Input::Probed { attempt, good: true });
            }
        } else {
            companions.attempt = probe.and_then(Attempt::begin).map(|begun| (attempt, begun));
            if companions.attempt.is_some() {
                return None;
            }
        }
        Some(Input::Probed { attempt, good: false })
    }

    /// Takes note of a probe's answer, for the metrics.
    pub(super) fn note_probe(&mut self, attempt: u64, success: bool) {
        let Some((_, asks, begun)) = self.companions.asked.take_if(|(asked, ..)| *asked == attempt)
        else {
            return;
        };
        let took = self.view.elapsed().saturating_sub(begun);
        let mut counters = self.view.counters.borrow_mut();
        let probed = Some(Probed { success, took });
        match asks {
            Asks::Ready => counters.ready_probe = probed,
            Asks::Live => counters.live_probe = probed,
        }
    }

    pub(super) fn end_probe(&mut self, attempt: u64) {
        self.note_probe(attempt, false);
        self.companions.attempt = None;
        self.processes.kill(Role::Probe { attempt });
    }
}
