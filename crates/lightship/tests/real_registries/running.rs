//! A running `lightship up --format json`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use lightship_model::event::{Event, What};
use lightship_model::state::ToolStatus;

use crate::machine::Machine;

pub(crate) struct Running {
    child: Child,
    events: BufReader<ChildStdout>,
    /// Health was asked, and said 200, before any tool was being installed.
    pub(crate) answered_before_the_first_tool: bool,
}

impl Running {
    /// The README's first command, in the checkout; cargo becomes what it runs.
    pub(crate) fn start_from_the_readme(machine: &Machine) -> Self {
        let mut command = machine.command("cargo");
        command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        // The user's own packages, as on the first day they would be downloaded.
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        let cargo_home = std::env::var_os("CARGO_HOME").map_or(home.join(".cargo"), PathBuf::from);
        command.env("CARGO_HOME", cargo_home).args(["run", "--release", "--", "up"]);
        Self::spawn(command)
    }

    pub(crate) fn start(machine: &Machine) -> Self {
        let mut command = machine.command("lightship");
        command.arg("up");
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        command.args(["--format", "json"]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let events = BufReader::new(child.stdout.take().unwrap());
        Self { child, events, answered_before_the_first_tool: false }
    }

    /// Reads events until `last`.
    pub(crate) fn until(&mut self, last: impl Fn(&What) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.events.read_line(&mut line).unwrap(), 0, "it ended: {events:#?}");
            let event = Event::from_line(&line).unwrap_or_else(|| panic!("no event: {line}"));
            if let What::ServiceReady { .. } = event.what {
                self.answered_before_the_first_tool = healthy();
            }
            if let What::Tool(change) = &event.what {
                println!("{} {} {}", event.at, change.name, change.status);
                assert_ne!(change.status, ToolStatus::Failed, "{change:#?}");
            }
            let ended = last(&event.what);
            events.push(event);
            if ended {
                return events;
            }
        }
    }

    /// What Ctrl-C does, and that everything has ended after it.
    pub(crate) fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let rest: Vec<String> = self.events.by_ref().lines().map(Result::unwrap).collect();
        assert!(rest.iter().any(|line| line.contains("\"stopping\"")), "{rest:#?}");
        // The service's own code: it was ended by TERM.
        assert_eq!(self.child.wait().unwrap().code(), Some(143));
        assert!(!healthy(), "health still answers");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a test that failed has anything left to kill; init follows its parent.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn healthy() -> bool {
    use std::io::Write as _;
    let Ok(mut stream) = std::net::TcpStream::connect("127.0.0.1:3000") else { return false };
    let mut answer = String::new();
    let request = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200 ")
}
