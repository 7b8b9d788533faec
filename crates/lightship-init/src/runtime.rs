//! The loop: waits for what happens, asks the supervisor, and does what it says. One thread,
//! no ticks: it sleeps until a signal, an event, an answer or a deadline.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{io, process};

use lightship_model::event::{Event, Exit, What};
use lightship_model::status::{LoaderState, Status};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, LocalSet, spawn_local};
use tokio::time::Instant;

use crate::config::Config;
use crate::error::RunError;
use crate::feed::Feed;
use crate::loader_link::LoaderLink;
use crate::probe::{self, Probe};
use crate::processes::{Processes, Role};
use crate::signals::Signals;
use crate::supervisor::{Action, Input, Rules, Signal, Supervisor};
use crate::view::View;
use crate::{address, http, log, sys};

/// Runs until the end; returns the exit code.
pub(crate) fn run(config: Config) -> Result<u8, RunError> {
    // A signal that comes from now on waits until somebody can deal with it.
    let mask = sys::block_signals().map_err(RunError::system("block signals"))?;
    // Then, before anything that takes time: whoever asks for health gets an answer.
    let listener = listen(&config.listen)?;
    sys::keep_ended_children().map_err(RunError::system("set up SIGCHLD"))?;
    adopt_orphans();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(RunError::system("set up waiting"))?;
    LocalSet::new().block_on(&runtime, supervise(config, listener, mask))
}

fn listen(text: &str) -> Result<TcpListener, RunError> {
    let addresses = address::parse(text).map_err(RunError::Address)?;
    let listener = TcpListener::bind(addresses.as_slice())
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    listener.map_err(|source| RunError::Listen { address: text.to_owned(), source })
}

/// PID 1 gets orphans anyway; others have to ask for them. Where the kernel refuses, orphans go
/// to the real PID 1, and nothing else changes.
fn adopt_orphans() {
    if process::id() != 1 {
        let itself = Some(rustix::process::getpid());
        rustix::process::set_child_subreaper(itself).unwrap_or_default();
    }
}

async fn supervise(config: Config, listener: TcpListener, mask: sys::Mask) -> Result<u8, RunError> {
    let address = listener.local_addr().map_err(RunError::system("read the address of health"))?;
    let signals = Signals::new().map_err(RunError::system("receive signals"))?;
    let probe = config.service.ready.as_ref().map(Probe::new).transpose();
    let mut status = Status::expecting(config.expected.iter().cloned());
    if config.loader.is_none() {
        status.loader.state = LoaderState::Complete;
    }
    let (reports, mut reported) = mpsc::unbounded_channel();
    let mut keeper = Keeper {
        probe: probe.map_err(RunError::Ready)?,
        supervisor: Supervisor::new(rules(&config), seed()),
        view: Rc::new(View::new(status, config.capabilities)),
        feed: Feed::new(config.events).map_err(RunError::system("use the pipe for events"))?,
        processes: Processes::new(mask, config.service, &config.tool_dir, config.loader),
        loader: None,
        probing: None,
        reports,
        code: None,
    };
    spawn_local(serve(listener, Rc::clone(&keeper.view)));
    keeper.tell(What::HealthListening { address: address.to_string() });
    keeper.take(Input::Begin);
    loop {
        if let Some(code) = keeper.code {
            keeper.feed.flush().await;
            return Ok(code);
        }
        let deadline = keeper.supervisor.deadline().map(|at| keeper.view.instant(at));
        // In no fixed order, and a pause after each piece from the loader: one that writes
        // without end must hold up neither a deadline nor an answer.
        tokio::select! {
            numbers = signals.next() => {
                keeper.signals(&numbers.map_err(RunError::system("receive signals"))?);
            }
            said = hear(&mut keeper.loader) => {
                keeper.heard(said);
                tokio::task::yield_now().await;
            }
            Some(report) = reported.recv() => keeper.take(report),
            () = keeper.feed.closed() => keeper.take(Input::ReaderGone),
            () = sleep_until(deadline) => keeper.time(),
        }
    }
}

/// Stands in for the loop that is to come: looks after HTTP every few milliseconds.
async fn serve(listener: TcpListener, view: Rc<View>) {
    let mut poller = crate::poller::Poller::default();
    let Ok(mut http) = http::Http::new(Some(listener), None, http::Access::default()) else {
        return;
    };
    loop {
        poller.clear();
        http.watch(&mut poller, view.elapsed());
        if poller.wait(Some(std::time::Duration::from_millis(2))).is_err() {
            return;
        }
        for asked in http.turn(&poller, &view, view.elapsed()) {
            http.reply(asked.ticket, http::Answer::error(503, "not wired up"));
        }
        tokio::task::yield_now().await;
    }
}

fn rules(config: &Config) -> Rules {
    let service = &config.service;
    Rules {
        command: service.command.clone(),
        restart: service.restart,
        probed: service.ready.is_some(),
        ready_timeout: service.ready_timeout,
        stop_timeout: service.stop_timeout,
        loader: config.loader.is_some(),
    }
}

/// Differs between containers that start together.
fn seed() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(time.subsec_nanos()) << 32 | u64::from(process::id())
}

async fn sleep_until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(Instant::from_std(deadline)).await,
        None => std::future::pending().await,
    }
}

async fn hear(loader: &mut Option<LoaderLink>) -> io::Result<Vec<What>> {
    match loader {
        Some(loader) => loader.next().await,
        None => std::future::pending().await,
    }
}

/// Everything that the loop keeps.
struct Keeper {
    supervisor: Supervisor,
    view: Rc<View>,
    feed: Feed,
    processes: Processes,
    probe: Option<Probe>,
    /// The pipes of the loader that runs.
    loader: Option<LoaderLink>,
    /// The probe that is waiting for its answer, unless it is a process.
    probing: Option<AbortHandle>,
    reports: mpsc::UnboundedSender<Input>,
    /// Set when everything is over.
    code: Option<u8>,
}

impl Keeper {
    /// Lets the supervisor decide on `input` and on all that follows from it.
    fn take(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for action in self.supervisor.step(input, self.view.elapsed()) {
                inputs.extend(self.perform(action));
            }
        }
    }

    /// Does one thing; what came of it, where that is known at once, is the next input.
    fn perform(&mut self, action: Action) -> Option<Input> {
        match action {
            Action::StartService => {
                return Some(match self.processes.start_service() {
                    Ok(pid) => Input::ServiceStarted { pid: number(pid) },
                    Err(failed) => {
                        Input::ServiceNotStarted { code: failed.code, error: failed.error }
                    }
                });
            }
            Action::StartLoader => {
                return Some(match self.processes.start_loader() {
                    Ok((pid, link)) => {
                        self.loader = Some(link);
                        Input::LoaderStarted { pid: number(pid) }
                    }
                    Err(failed) => {
                        Input::LoaderNotStarted { code: failed.code, error: failed.error }
                    }
                });
            }
            Action::SignalService(signal) => self.processes.signal_service(signal),
            Action::SignalLoader(signal) => self.processes.signal_loader(signal),
            Action::Probe { attempt } => return self.begin_probe(attempt),
            Action::EndProbe { attempt } => {
                if let Some(probing) = self.probing.take() {
                    probing.abort();
                }
                self.processes.kill_probe(attempt);
            }
            Action::Tell(what) => self.tell(what),
            Action::Exit(code) => self.code = Some(code),
        }
        None
    }

    fn begin_probe(&mut self, attempt: u64) -> Option<Input> {
        let reports = self.reports.clone();
        let report = move |ready| {
            // Nobody listens when everything is over.
            reports.send(Input::Probed { attempt, ready }).unwrap_or_default();
        };
        let task = match self.probe.clone()? {
            Probe::Http(url) => spawn_local(async move { report(probe::http(url).await) }),
            Probe::Tcp(addresses) => {
                spawn_local(async move { report(probe::tcp(addresses).await) })
            }
            Probe::Exec(argv) => {
                let failed = self.processes.start_probe(&argv, attempt).err()?;
                log::line(&failed.error);
                return Some(Input::Probed { attempt, ready: false });
            }
        };
        self.probing = Some(task.abort_handle());
        None
    }

    /// Tells everybody of something that happened.
    fn tell(&self, what: What) {
        if !self.feed.is_on()
            && let Some(line) = log::text(&what)
        {
            log::line(&line);
        }
        let event = Event::new(View::now(), what);
        self.view.status.borrow_mut().apply(&event);
        self.feed.push(&event);
    }

    fn signals(&mut self, numbers: &[i32]) {
        // What has ended is known before what somebody wants.
        self.reap();
        for signal in numbers.iter().filter_map(|number| Signal::from_number(*number)) {
            self.take(Input::Signal(signal));
        }
    }

    fn reap(&mut self) {
        let ended = self.processes.reap();
        for (role, exit) in ended {
            self.ended(role, exit);
        }
        self.look_after_group();
    }

    fn ended(&mut self, role: Role, exit: Exit) {
        match role {
            Role::Service => {
                let left_over = self.processes.service_group_exists();
                self.take(Input::ServiceEnded { exit, left_over });
            }
            Role::Loader => {
                let said = self.loader.take().map(LoaderLink::last_words).unwrap_or_default();
                self.relay(said);
                self.take(Input::LoaderEnded { exit });
            }
            Role::Probe { attempt } => {
                self.take(Input::Probed { attempt, ready: exit.is_success() });
            }
        }
    }

    fn look_after_group(&mut self) {
        if !self.processes.service_group_exists() {
            self.take(Input::GroupGone);
        }
    }

    fn time(&mut self) {
        self.look_after_group();
        self.take(Input::Time);
    }

    fn heard(&mut self, said: io::Result<Vec<What>>) {
        match said {
            Ok(said) => self.relay(said),
            // It closed its output; that it ends is told by its end.
            Err(_) => self.loader = None,
        }
    }

    fn relay(&mut self, said: Vec<What>) {
        for what in said {
            let complete = matches!(what, What::LoadComplete { .. });
            self.tell(what);
            if complete {
                self.take(Input::LoadComplete);
            }
        }
    }
}

fn number(pid: rustix::process::Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
