//! The loop: waits for what happens, asks the supervisor, and does what it says. One thread,
//! no ticks: it sleeps until a signal, an event, a request or a deadline.

mod begin;
mod commands;
mod companions;
mod shims;

use std::collections::VecDeque;

use lightship_model::event::{Event, Exit, Fault, What};
use lightship_model::status::LoaderState;
use rustix::process::{Pid, getpid};

use self::commands::Commands;
use self::companions::Companions;
use self::shims::Shims;
use crate::config::Config;
use crate::control::ControlAddress;
use crate::error::RunError;
use crate::feed::{FLUSH_WITHIN, Feed};
use crate::http::Http;
use crate::loader_link::LoaderLink;
use crate::log;
use crate::oom::OomWatch;
use crate::poller::Poller;
use crate::processes::{Processes, Role};
use crate::reach;
use crate::reaper::{self, Reaped};
use crate::signal::Signal;
use crate::signals::Signals;
use crate::supervisor::{Action, Input, Supervisor};
use crate::terminal::Terminal;
use crate::view::View;

/// How the kernel kills for memory, and others who mean it.
const KILLED: u8 = 9;

/// Runs until the end; returns the exit code.
pub(crate) fn run(config: Config) -> Result<u8, RunError> {
    let mut keeper = begin::begin(config)?;
    loop {
        if let Some(code) = keeper.code {
            keeper.finish();
            return Ok(code);
        }
        keeper.turn().map_err(RunError::system("wait"))?;
    }
}

/// Everything that the loop keeps.
struct Keeper {
    supervisor: Supervisor,
    view: View,
    poller: Poller,
    signals: Signals,
    /// Signals that letting go of the terminal costs: they are not for the service.
    swallow: Vec<Signal>,
    feed: Feed,
    http: Http,
    control: Option<ControlAddress>,
    /// Whom the kernel kills for memory; nothing where nobody looks at it.
    oom: Option<OomWatch>,
    processes: Processes,
    terminal: Terminal,
    /// The pipes of the loader that runs.
    loader: Option<LoaderLink>,
    commands: Commands,
    companions: Companions,
    /// Nothing where there are no programs that could have some.
    shims: Option<Shims>,
    /// What to say of each orphan that ended, before its number.
    warn_on_reap: Option<&'static str>,
    verbose: bool,
    /// Set when everything is over.
    code: Option<u8>,
}

impl Keeper {
    /// Waits for something to happen, and deals with it.
    fn turn(&mut self) -> std::io::Result<()> {
        let now = self.view.elapsed();
        self.poller.clear();
        self.signals.watch(&mut self.poller);
        self.feed.watch(&mut self.poller);
        self.http.watch(&mut self.poller, now);
        if let Some(loader) = &mut self.loader {
            loader.watch(&mut self.poller);
        }
        self.commands.watch(&mut self.poller);
        self.companions.watch(&mut self.poller);
        let deadlines = [
            self.supervisor.deadline(),
            self.http.deadline(),
            self.commands.deadline(),
            self.companions.deadline(),
        ];
        let deadline = deadlines.into_iter().flatten().min();
        self.poller.wait(deadline.map(|at| at.saturating_sub(now)))?;

        let signals = self.signals.take(&self.poller);
        if !signals.is_empty() {
            self.signalled(signals);
        }
        let said = self.loader.as_mut().map(|loader| loader.turn(&self.poller));
        self.relay(said.unwrap_or_default());
        if self.feed.turn(&self.poller).is_some() {
            self.take(Input::Stop { reason: "nobody reads the events any more" });
        }
        let now = self.view.elapsed();
        for asked in self.http.turn(&self.poller, &self.view, now) {
            self.asked(asked);
        }
        self.read_logs(now);
        self.look_after_companions(now);
        if self.supervisor.deadline().is_some_and(|at| at <= now) {
            self.look_after_group();
            self.take(Input::Time);
        }
        Ok(())
    }

    /// Gives those who read the events a moment to take what is left.
    fn finish(&mut self) {
        self.http.shutdown();
        self.http.flush(&self.view, FLUSH_WITHIN);
        if let Some(control) = &self.control {
            control.remove();
        }
        self.terminal.take_back(self.processes.service_group());
        let until = self.view.elapsed() + FLUSH_WITHIN;
        let mut logged = false;
        loop {
            let now = self.view.elapsed();
            let logs = self.companions.logs.as_mut();
            logged = logged || logs.is_none_or(|logs| logs.flush(now, View::now()));
            if (logged && !self.feed.is_pending()) || now >= until {
                // A reader that does not read for a second does not want to know.
                return;
            }
            self.poller.clear();
            if self.feed.is_pending() {
                self.feed.watch(&mut self.poller);
            }
            if let Some(logs) = self.companions.logs.as_mut().filter(|_| !logged) {
                logs.watch_sinks(&mut self.poller);
            }
            if self.poller.wait(Some(until.saturating_sub(now))).is_err() {
                return;
            }
            self.feed.turn(&self.poller);
        }
    }

    /// Lets the supervisor decide on `input` and on all that follows from it.
    fn take(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            if let Input::Probed { attempt, good } = input {
                self.note_probe(attempt, good);
            }
            for action in self.supervisor.step(input, self.view.elapsed()) {
                self.perform(action, &mut inputs);
            }
        }
    }

    /// Does one thing; what came of it, where that is known at once, is one of the next inputs.
    fn perform(&mut self, action: Action, next: &mut VecDeque<Input>) {
        match action {
            Action::StartService => match self.start_service() {
                Ok(pid) => {
                    let pid = number(pid);
                    if self.verbose {
                        log::line(&format!("started the service as process {pid}"));
                    }
                    next.push_back(Input::ServiceStarted { pid });
                }
                Err(failed) => {
                    let (code, error) = (failed.code, failed.error);
                    nobody_new(Input::ServiceNotStarted { code, error }, next);
                }
            },
            Action::StartLoader => {
                next.push_back(match self.processes.start_loader(self.commands.promised()) {
                    Ok((pid, link)) => {
                        self.loader = Some(link);
                        self.send_commands();
                        Input::LoaderStarted { pid: number(pid) }
                    }
                    Err(failed) => {
                        Input::LoaderNotStarted { code: failed.code, error: failed.error }
                    }
                });
            }
            Action::SignalService(signal) => self.processes.signal_service(signal),
            Action::SignalLoader(signal) => self.processes.signal_loader(signal),
            Action::SignalRest(signal) => {
                reach::signal_rest(signal, self.processes.service_group());
            }
            Action::RunHook(hook) => {
                if let Some(failed) = self.run_hook(hook) {
                    nobody_new(failed, next);
                }
            }
            Action::SignalHook(hook, signal) => {
                self.processes.signal_role(Role::Hook(hook), signal);
            }
            Action::Probe { attempt, asks } => next.extend(self.begin_probe(attempt, asks)),
            Action::EndProbe { attempt } => self.end_probe(attempt),
            Action::Suspend => self.suspend(),
            Action::Tell(what) => self.tell(what),
            Action::Exit(code) => self.code = Some(code),
        }
    }

    /// Stops this process, as the terminal wants; it goes on when somebody continues it.
    fn suspend(&self) {
        self.terminal.take_back(self.processes.service_group());
        reach::signal_process(getpid(), Signal::STOP);
    }

    /// Tells everybody of something that happened.
    fn tell(&mut self, what: What) {
        if !self.feed.is_on()
            && let Some(line) = log::text(&what)
        {
            match &mut self.companions.logs {
                Some(logs) => logs.say(&line, View::now()),
                None => log::line(&line),
            }
        }
        let event = Event::new(View::now(), what);
        self.view.status.borrow_mut().apply(&event);
        self.feed.push(&event);
        self.http.tell(&event);
    }

    fn signalled(&mut self, signals: Vec<Signal>) {
        // What has ended is known before what somebody wants. A service that was stopped before
        // lightship was, and is to go on with it, does not stop it again.
        let continued = signals.contains(&Signal::CONT);
        self.reap(continued);
        for signal in signals {
            if let Some(index) = self.swallow.iter().position(|swallowed| *swallowed == signal) {
                self.swallow.swap_remove(index);
                continue;
            }
            self.view.counters.borrow_mut().signal(signal.short_name());
            if self.verbose && signal != Signal::CHLD {
                log::line(&format!("received signal {signal}"));
            }
            if signal == Signal::CONT
                && let Some(service) = self.processes.service_pid()
            {
                self.terminal.give(service);
            }
            self.take(Input::Signal(signal));
        }
    }

    fn reap(&mut self, continued: bool) {
        let service = self.processes.service_pid();
        let mut ours = Vec::new();
        let Reaped { ended: all, stopped, alone } = self.processes.reap(&mut ours);
        let orphans = all.len().saturating_sub(ours.len());
        self.view.counters.borrow_mut().orphans_reaped += orphans as u64;
        if let Some(words) = self.warn_on_reap {
            for (pid, _) in all.iter().filter(|(pid, _)| Some(*pid) != service) {
                log::line(&format!("{words}{}", number(*pid)));
            }
        }
        if alone {
            self.take(Input::Alone);
        }
        for (role, exit) in ours {
            self.ended(role, exit);
        }
        self.look_after_group();
        let suspended = |(pid, _): &(Pid, Signal)| Some(*pid) == service;
        if !continued && stopped.iter().any(suspended) && self.terminal == Terminal::Foreground {
            self.take(Input::ServiceSuspended);
        }
    }

    fn ended(&mut self, role: Role, exit: Exit) {
        match role {
            Role::Service => {
                if let Some(logs) = &mut self.companions.logs {
                    logs.ended(self.view.elapsed(), View::now());
                }
                if self.verbose {
                    log::line(&format!("the service ended: {exit}"));
                }
                if exit == Exit::Signal(KILLED)
                    && let Some(message) = self.oom.as_mut().and_then(OomWatch::killed)
                {
                    self.tell(What::ServiceFaulted { fault: Fault::Oom, message });
                }
                self.terminal.take_back(self.processes.service_group());
                let left_over = self.processes.service_group_exists();
                self.take(Input::ServiceEnded { exit, left_over });
            }
            Role::Loader => {
                let said = self.loader.take().map(LoaderLink::last_words).unwrap_or_default();
                self.relay(said);
                self.take(Input::LoaderEnded { exit });
                let done = self.view.status.borrow().loader.state == LoaderState::Complete;
                let wanted = self.commands.wants_loader(done);
                self.note_promises();
                if wanted {
                    self.take(Input::LoaderWanted);
                }
            }
            Role::LogReader { number } => self.log_read(number, exit),
            Role::Probe { attempt } => {
                self.take(Input::Probed { attempt, good: exit.is_success() });
            }
            Role::Hook(hook) => self.take(Input::HookEnded { hook, exit }),
        }
    }

    fn look_after_group(&mut self) {
        if !self.processes.service_group_exists() {
            self.take(Input::GroupGone);
        }
    }

    fn relay(&mut self, said: Vec<What>) {
        for what in said {
            let complete = matches!(what, What::LoadComplete { .. });
            self.commands.heard(&what);
            self.note_promises();
            self.tell(what);
            if complete {
                self.take(Input::LoadComplete);
            }
        }
    }
}

/// Something could not be started, as `failed` says: whether anybody is left at all has to be
/// found out in another way than by somebody's end.
fn nobody_new(failed: Input, next: &mut VecDeque<Input>) {
    next.extend(reaper::are_none_left().then_some(Input::Alone));
    next.push_back(failed);
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
