//! The table of processes: whom lightship started, what each is to it, and how each is
//! signalled. It is filled in the same turn as the fork, so no end is ever missed.

use std::collections::HashMap;
use std::ffi::OsString;
use std::process::{Command, Stdio};

use lightship_model::event::Exit;
use lightship_model::manifest::Service;
use lightship_model::toolenv;
use rustix::process::Pid;

use crate::group;
use crate::loader_link::LoaderLink;
use crate::process::{NotStarted, Started, spawn};
use crate::reaper;
use crate::supervisor::Signal;
use crate::sys::{Leads, Mask};

/// What a process is to lightship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Service,
    Loader,
    Probe { attempt: u64 },
}

/// The processes, and how they are started.
pub(crate) struct Processes {
    /// The mask that lightship was started with: children get it back.
    mask: Mask,
    service: Service,
    /// What the service's environment has beyond lightship's own.
    env: Vec<(String, String)>,
    loader: Vec<OsString>,
    table: HashMap<Pid, Role>,
    /// Leader of the service's group, as long as anything is left of it.
    service_group: Option<Pid>,
    /// Leader of the session of the newest loader.
    loader_session: Option<Pid>,
}

impl Processes {
    pub(crate) fn new(
        mask: Mask,
        service: Service,
        tool_dir: &str,
        loader: Option<Vec<OsString>>,
    ) -> Self {
        let env = environment(&service, tool_dir);
        Self {
            mask,
            service,
            env,
            loader: loader.unwrap_or_default(),
            table: HashMap::new(),
            service_group: None,
            loader_session: None,
        }
    }

    pub(crate) fn start_service(&mut self) -> Result<Pid, NotStarted> {
        let command = self.in_the_services_place(&self.service.command);
        let started = self.start("the service", command, Leads::Group, Role::Service)?;
        self.service_group = Some(started.pid);
        Ok(started.pid)
    }

    pub(crate) fn start_probe(&mut self, argv: &[String], attempt: u64) -> Result<Pid, NotStarted> {
        let mut command = self.in_the_services_place(argv);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started =
            self.start("the readiness probe", command, Leads::Group, Role::Probe { attempt })?;
        Ok(started.pid)
    }

    pub(crate) fn start_loader(&mut self) -> Result<(Pid, LoaderLink), NotStarted> {
        let mut words = self.loader.iter();
        let mut command = Command::new(words.next().cloned().unwrap_or_default());
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut started = self.start("the loader", command, Leads::Session, Role::Loader)?;
        self.loader_session = Some(started.pid);
        match LoaderLink::new(&mut started.child) {
            Ok(link) => Ok((started.pid, link)),
            Err(error) => {
                // Nobody would hear it: its end will be that of an orphan.
                self.table.remove(&started.pid);
                group::signal_session(started.pid, Signal::Kill);
                let code = lightship_model::exit::INTERNAL;
                Err(NotStarted { code, error: format!("can't read from the loader: {error}") })
            }
        }
    }

    fn start(
        &mut self,
        what: &str,
        command: Command,
        leads: Leads,
        role: Role,
    ) -> Result<Started, NotStarted> {
        let mut command = command;
        let started = spawn(&mut command, leads, self.mask)
            .map_err(|error| NotStarted::new(what, &command, &error))?;
        self.table.insert(started.pid, role);
        Ok(started)
    }

    /// A command with the service's environment and working directory.
    fn in_the_services_place(&self, argv: &[String]) -> Command {
        let mut words = argv.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words).envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.service.dir {
            command.current_dir(dir);
        }
        command
    }

    /// Collects what has ended, and says which of it was ours.
    pub(crate) fn reap(&mut self) -> Vec<(Role, Exit)> {
        let mut ours = Vec::new();
        for (pid, exit) in reaper::reap() {
            let Some(role) = self.table.remove(&pid) else { continue };
            if let Role::Probe { .. } = role {
                group::signal_group(pid, Signal::Kill);
            }
            ours.push((role, exit));
        }
        ours
    }

    /// Whether anything is left of the service's group. Once it is gone it is never signalled
    /// again: its number may belong to others then.
    pub(crate) fn service_group_exists(&mut self) -> bool {
        self.service_group = self.service_group.filter(|leader| group::group_exists(*leader));
        self.service_group.is_some()
    }

    pub(crate) fn signal_service(&self, signal: Signal) {
        if let Some(leader) = self.service_group {
            group::signal_group(leader, signal);
        }
    }

    pub(crate) fn signal_loader(&self, signal: Signal) {
        if let Some(leader) = self.loader_session {
            group::signal_session(leader, signal);
        }
    }

    pub(crate) fn kill_probe(&self, attempt: u64) {
        let wanted = Role::Probe { attempt };
        if let Some((pid, _)) = self.table.iter().find(|(_, role)| **role == wanted) {
            group::signal_group(*pid, Signal::Kill);
        }
    }
}

fn environment(service: &Service, tool_dir: &str) -> Vec<(String, String)> {
    let var = |name: &str| service.env.get(name).cloned().or_else(|| std::env::var(name).ok());
    let exports = toolenv::exports(tool_dir, var);
    let exports = exports.map(|(name, value)| (name.to_owned(), value));
    service.env.clone().into_iter().chain(exports).collect()
}
