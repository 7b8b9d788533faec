//! The init part as our child: ourselves under another name, in a process group of its own.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};

use lightship_model::exit;
use rustix::process::{Pid, Signal, kill_process};

use crate::failure::Failure;
use crate::session::{Session, Source};
use crate::sys;
use crate::view::{Outlet, Stream};

/// The init part while it runs.
#[derive(Debug)]
pub(crate) struct InitPart {
    child: Child,
    /// Outputs that the session reads and that have not ended.
    pub(crate) outputs: Vec<Source>,
}

impl InitPart {
    /// Starts it; its events and what the view wants of its output go into `session`.
    pub(crate) fn start(
        args: Vec<OsString>,
        vars: Vec<(&'static str, String)>,
        session: &Session,
        stdout: Outlet,
        stderr: Outlet,
    ) -> Result<Self, Failure> {
        let (events, theirs) = io::pipe().map_err(Failure::system("make a pipe"))?;
        sys::hand_down(&theirs).map_err(Failure::system("hand down a pipe"))?;
        // Through /proc, it is this very program, even if the file was replaced or removed.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("lightship")
            .arg("__init")
            .arg("--events-fd")
            .arg(number(&theirs))
            .args(args)
            .envs(vars)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(outlet(stdout)?)
            .stderr(outlet(stderr)?);
        let mut child = command.spawn().map_err(Failure::system("start the init part"))?;
        // Only the child holds the writing end now, so the pipe ends with it.
        drop(theirs);
        session.read_events(events)?;
        let mut outputs = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            session.read_output(Stream::Out, pipe)?;
            outputs.push(Source::Output(Stream::Out));
        }
        if let Some(pipe) = child.stderr.take() {
            session.read_output(Stream::Err, pipe)?;
            outputs.push(Source::Output(Stream::Err));
        }
        Ok(Self { child, outputs })
    }

    /// Asks it to stop; `again` when it has been asked before, which means at once.
    pub(crate) fn stop(&self, again: bool) -> Result<(), Failure> {
        // Two of the same signal that meet before the first is read would count as one.
        let signal = if again { Signal::INT } else { Signal::TERM };
        // It has not been waited for, so the number is still its own.
        kill_process(Pid::from_child(&self.child), signal)
            .map_err(Failure::system("signal the init part"))
    }

    /// Its exit code, once it has ended.
    pub(crate) fn ended(&mut self) -> Result<Option<u8>, Failure> {
        let status = self.child.try_wait().map_err(Failure::system("wait for the init part"))?;
        Ok(status.map(code))
    }
}

fn number(fd: &impl AsFd) -> String {
    use std::os::fd::AsRawFd;
    fd.as_fd().as_raw_fd().to_string()
}

fn outlet(outlet: Outlet) -> Result<Stdio, Failure> {
    Ok(match outlet {
        Outlet::Same => Stdio::inherit(),
        Outlet::View => Stdio::piped(),
        Outlet::Stderr => {
            let ours = io::stderr().as_fd().try_clone_to_owned();
            ours.map_err(Failure::system("duplicate standard error"))?.into()
        }
    })
}

/// The code as a shell would give it.
fn code(status: ExitStatus) -> u8 {
    let signalled = |signal: i32| u8::try_from(signal).ok().map(|n| exit::SIGNAL_BASE + n);
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.or_else(|| status.signal().and_then(signalled)).unwrap_or(exit::INTERNAL)
}
