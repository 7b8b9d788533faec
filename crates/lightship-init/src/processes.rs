//! The table of processes: whom lightship started, what each is to it, and how each is
//! signalled. It is filled in the same turn as the start, so no end is ever missed.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};

use lightship_model::event::Exit;
use lightship_model::name::ToolName;
use rustix::process::Pid;

use crate::loader_link::LoaderLink;
use crate::process::{Launch, NotStarted};
use crate::reach;
use crate::reaper::{self, Reaped};
use crate::signal::Signal;
use crate::supervisor::Hook;
use crate::sys::{Inherited, Leads};

/// What a process is to lightship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Service,
    Loader,
    Probe { attempt: u64 },
    Hook(Hook),
    LogReader { number: u64 },
}

/// How the service is executed.
#[derive(Debug)]
pub(crate) struct ServiceCommand {
    pub(crate) argv: Vec<OsString>,
    /// What its environment has beyond lightship's own.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) dir: Option<String>,
    pub(crate) leads: Leads,
    /// Whether signals are for its process alone.
    pub(crate) single: bool,
    /// The listening sockets that were passed to lightship for it.
    pub(crate) passed: Vec<RawFd>,
}

/// What a process gets beyond what is configured.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// It gets the terminal.
    pub(crate) terminal: bool,
    pub(crate) env: Vec<(String, String)>,
    /// Descriptors to have under other numbers: `(open, wanted)`.
    pub(crate) moves: Vec<(RawFd, RawFd)>,
    /// Descriptors to have under their own numbers.
    pub(crate) keep: Vec<RawFd>,
}

/// The processes, and how they are started.
pub(crate) struct Processes {
    inherited: Inherited,
    /// Where lightship was started; nothing when it is still there.
    start_dir: Option<OwnedFd>,
    service: ServiceCommand,
    loader: Vec<OsString>,
    table: HashMap<Pid, Role>,
    /// The service's process, as long as it was not reaped.
    service_pid: Option<Pid>,
    /// Leader of the service's group, as long as anything is left of it.
    service_group: Option<Pid>,
    /// Leader of the session of the newest loader.
    loader_session: Option<Pid>,
}

impl Processes {
    pub(crate) fn new(
        inherited: Inherited,
        start_dir: Option<OwnedFd>,
        service: ServiceCommand,
        loader: Vec<OsString>,
    ) -> Self {
        Self {
            inherited,
            start_dir,
            service,
            loader,
            table: HashMap::new(),
            service_pid: None,
            service_group: None,
            loader_session: None,
        }
    }

    pub(crate) fn start_service(&mut self, extras: &Extras) -> Result<Pid, NotStarted> {
        let service = &self.service;
        let env = [service.env.as_slice(), &extras.env].concat();
        let keep = [service.passed.as_slice(), &extras.keep].concat();
        let launch = Launch {
            dir: service.dir.as_deref(),
            env: &env,
            leads: service.leads,
            terminal: extras.terminal,
            moves: &extras.moves,
            keep: &keep,
            listens: !service.passed.is_empty(),
            ..self.launch("the service", &service.argv)
        };
        let pid = launch.start()?;
        self.table.insert(pid, Role::Service);
        self.service_pid = Some(pid);
        self.service_group = Some(pid);
        Ok(pid)
    }

    pub(crate) fn start_probe(&mut self, argv: &[String], attempt: u64) -> Result<Pid, NotStarted> {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        let null = null()?;
        let null = null.as_raw_fd();
        let launch = Launch {
            dir: self.service.dir.as_deref(),
            env: &self.service.env,
            moves: &[(null, 0), (null, 1), (null, 2)],
            ..self.launch("the probe", &argv)
        };
        let pid = launch.start()?;
        self.table.insert(pid, Role::Probe { attempt });
        Ok(pid)
    }

    pub(crate) fn start_hook(
        &mut self,
        hook: Hook,
        argv: &[OsString],
        extras: &Extras,
    ) -> Result<Pid, NotStarted> {
        let what = match hook {
            Hook::BeforeStart => "`before_start`",
            Hook::Stop => "`stop`",
            Hook::Reload => "`reload`",
        };
        let null = null()?;
        let env = [self.service.env.as_slice(), &extras.env].concat();
        let moves = [&[(null.as_raw_fd(), 0)], extras.moves.as_slice()].concat();
        let launch = Launch {
            dir: self.service.dir.as_deref(),
            env: &env,
            moves: &moves,
            ..self.launch(what, argv)
        };
        let pid = launch.start()?;
        self.table.insert(pid, Role::Hook(hook));
        Ok(pid)
    }

    /// Starts the loader; somebody waits for the tools in `promoted` already.
    pub(crate) fn start_loader<'a>(
        &mut self,
        promoted: impl Iterator<Item = &'a ToolName>,
    ) -> Result<(Pid, LoaderLink), NotStarted> {
        let (link, ends) = LoaderLink::new().map_err(|error| NotStarted {
            code: lightship_model::exit::INTERNAL,
            error: format!("can't talk to the loader: {error}"),
        })?;
        let mut argv = self.loader.clone();
        for tool in promoted {
            argv.extend(["--promote".into(), tool.as_str().into()]);
        }
        let launch = Launch {
            leads: Leads::Session,
            moves: &[(ends.stdin.as_raw_fd(), 0), (ends.stdout.as_raw_fd(), 1)],
            ..self.launch("the loader", &argv)
        };
        let pid = launch.start()?;
        self.table.insert(pid, Role::Loader);
        self.loader_session = Some(pid);
        Ok((pid, link))
    }

    /// Starts `argv` with its output going to `output`.
    pub(crate) fn start_log_reader(
        &mut self,
        argv: &[OsString],
        output: &OwnedFd,
        number: u64,
    ) -> Result<Pid, NotStarted> {
        let null = null()?;
        let moves = [(null.as_raw_fd(), 0), (output.as_raw_fd(), 1)];
        let launch = Launch { moves: &moves, ..self.launch("the reader of a log", argv) };
        let pid = launch.start()?;
        self.table.insert(pid, Role::LogReader { number });
        Ok(pid)
    }

    fn launch<'a>(&'a self, what: &'static str, argv: &'a [OsString]) -> Launch<'a> {
        Launch {
            what,
            argv,
            env: &[],
            start_dir: self.start_dir.as_ref().map(OwnedFd::as_fd),
            dir: None,
            leads: Leads::Group,
            terminal: false,
            inherited: &self.inherited,
            moves: &[],
            keep: &[],
            listens: false,
        }
    }

    /// Collects what has ended or was stopped; `ours` gets what lightship started itself. The
    /// ends of others are counted.
    pub(crate) fn reap(&mut self, ours: &mut Vec<(Role, Exit)>) -> Reaped {
        let reaped = reaper::reap();
        for (pid, exit) in &reaped.ended {
            let Some(role) = self.table.remove(pid) else { continue };
            // One that hung and was given up on ends now: it must not be taken for its successor.
            if role == Role::Loader && self.loader_session != Some(*pid) {
                continue;
            }
            match role {
                Role::Probe { .. } | Role::LogReader { .. } => {
                    reach::signal_group(*pid, Signal::KILL);
                }
                Role::Service => self.service_pid = None,
                Role::Loader | Role::Hook(_) => {}
            }
            ours.push((role, *exit));
        }
        reaped
    }

    pub(crate) fn service_pid(&self) -> Option<Pid> {
        self.service_pid
    }

    pub(crate) fn service_group(&self) -> Option<Pid> {
        self.service_group
    }

    /// Whether anything is left of the service's group. Once it is gone it is never signalled
    /// again: its number may belong to others then.
    pub(crate) fn service_group_exists(&mut self) -> bool {
        self.service_group = self.service_group.filter(|leader| reach::group_exists(*leader));
        self.service_group.is_some()
    }

    pub(crate) fn signal_service(&self, signal: Signal) {
        match (self.service.single, self.service_pid, self.service_group) {
            (true, Some(pid), _) => reach::signal_process(pid, signal),
            (false, _, Some(leader)) => reach::signal_group(leader, signal),
            (true, None, _) | (false, _, None) => {}
        }
    }

    pub(crate) fn signal_loader(&self, signal: Signal) {
        if let Some(leader) = self.loader_session {
            reach::signal_session(leader, signal);
        }
    }

    /// Kills the process of that role, and its group.
    pub(crate) fn kill(&self, wanted: Role) {
        self.signal_role(wanted, Signal::KILL);
    }

    /// Kills it likewise, and tells nobody of its end: another one takes its place.
    pub(crate) fn forget(&mut self, wanted: Role) {
        self.kill(wanted);
        self.table.retain(|_, role| *role != wanted);
    }

    /// Signals the process of that role, and its group.
    pub(crate) fn signal_role(&self, wanted: Role, signal: Signal) {
        if let Some((pid, _)) = self.table.iter().find(|(_, role)| **role == wanted) {
            reach::signal_group(*pid, signal);
        }
    }
}

fn null() -> Result<File, NotStarted> {
    let opened = File::options().read(true).write(true).open("/dev/null");
    opened.map_err(|error: io::Error| NotStarted {
        code: lightship_model::exit::INTERNAL,
        error: format!("can't open `/dev/null`: {error}"),
    })
}
