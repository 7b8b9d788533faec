//! A running loader, its standard input held open, its events read as they come.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use lightship_model::event::{Event, Exit, LoaderCommand};

use crate::Run;
use crate::process::{LIMIT, wait_until};

/// A running loader; killed when it is dropped.
#[derive(Debug)]
pub struct Loader {
    child: Child,
    stdin: Option<ChildStdin>,
    receiver: Receiver<Event>,
    seen: Vec<Event>,
    errors: Option<JoinHandle<String>>,
}

impl Loader {
    /// Starts `command`, which is the loader or runs it.
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let read_errors = move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        };
        let errors = thread::Builder::new().name("stderr".into()).spawn(read_errors).unwrap();
        Self {
            stdin: child.stdin.take(),
            receiver: events(child.stdout.take().unwrap()),
            seen: Vec::new(),
            errors: Some(errors),
            child,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for an event for which `wanted` gives something.
    #[track_caller]
    pub fn wait_for<T>(&mut self, what: &str, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(event) = self.receiver.recv_timeout(left) else {
                panic!("there was no {what}, but: {:#?}", self.seen)
            };
            let found = wanted(&event);
            self.seen.push(event);
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Sends a command to its standard input.
    pub fn send(&mut self, command: &LoaderCommand) {
        self.send_line(&serde_json::to_string(command).unwrap());
    }

    /// Sends a line to its standard input, whatever it says.
    pub fn send_line(&mut self, line: &str) {
        writeln!(self.stdin.as_ref().unwrap(), "{line}").unwrap();
    }

    /// Closes its standard input, as its parent's end does.
    pub fn close_stdin(&mut self) {
        drop(self.stdin.take());
    }

    /// Kills it, and it alone, with SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits for its end.
    #[track_caller]
    pub fn finish(mut self) -> Run {
        let mut status = None;
        let ended = || {
            // What it says is taken meanwhile, so that no full pipe holds it up.
            self.seen.extend(self.receiver.try_iter());
            status = self.child.try_wait().unwrap();
            status.is_some()
        };
        wait_until("the loader's end", ended);
        self.seen.extend(self.receiver.iter());
        let status = status.unwrap();
        let exit = match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Code(code.try_into().unwrap()),
            (None, signal) => Exit::Signal(signal.unwrap().try_into().unwrap()),
        };
        let stderr = self.errors.take().unwrap().join().unwrap();
        Run { events: std::mem::take(&mut self.seen), exit, stderr }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn events(stdout: ChildStdout) -> Receiver<Event> {
    let (sender, receiver) = channel();
    let read = move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 0 {
            // A killed loader may leave half a line.
            if line.ends_with('\n') {
                let event = Event::from_line(&line);
                let event = event.unwrap_or_else(|| panic!("not an event: {line}"));
                drop(sender.send(event));
            }
            line.clear();
        }
    };
    drop(thread::Builder::new().name("events".into()).spawn(read).unwrap());
    receiver
}
