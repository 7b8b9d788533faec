//! An init that runs, seen from outside.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::processes::{Process, marked};
use crate::subject::{Dialect, Subject};
use crate::terminal::Terminal;

/// Where what is printed goes.
pub(crate) enum Output {
    File(PathBuf),
    Terminal(Terminal),
}

/// An init that runs. Dropped, everything that came of it is killed.
pub(crate) struct Running {
    child: Child,
    dir: TempDir,
    subject: Subject,
    output: Output,
}

impl Running {
    pub(crate) fn new(child: Child, dir: TempDir, subject: Subject, output: Output) -> Self {
        Self { child, dir, subject, output }
    }

    /// Everything alive that came of this case.
    pub(crate) fn all(&self) -> Vec<Process> {
        marked(&format!("DIR={}", self.dir.path().display()))
    }

    /// Those called `name`.
    pub(crate) fn named(&self, name: &str) -> Vec<Process> {
        self.all().into_iter().filter(|process| process.name() == name).collect()
    }

    /// Waits for a process called `name`.
    #[track_caller]
    pub(crate) fn find(&self, name: &str) -> Process {
        wait_until(&format!("{name} runs"), || self.named(name).first().copied())
    }

    /// Waits for the init itself.
    #[track_caller]
    pub(crate) fn init(&self) -> Process {
        if self.subject.dialect == Dialect::Nothing {
            let child = Process(self.child.id());
            return wait_until("the command runs", || match child.name().as_str() {
                "unshare" => child.children().first().copied(),
                _ => Some(child),
            });
        }
        let file = self.subject.program.canonicalize().unwrap();
        let is_init = |process: &Process| {
            process.program().is_some_and(|program| program.file_name() == file.file_name())
        };
        wait_until("the init runs", || {
            // Before it executes its command, a child runs the same file.
            let all: Vec<Process> = self.all().into_iter().filter(is_init).collect();
            let first = |process: &&Process| !process.parent().is_some_and(|up| all.contains(&up));
            all.iter().find(first).copied()
        })
    }

    /// Sends the init a signal, by name or number.
    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        self.init().signal(signal);
    }

    /// What was printed so far.
    pub(crate) fn output(&self) -> String {
        match &self.output {
            Output::File(file) => {
                String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned()
            }
            Output::Terminal(terminal) => terminal.shown(),
        }
    }

    /// Waits until `text` was printed.
    #[track_caller]
    pub(crate) fn printed(&self, text: &str) {
        let until = Instant::now() + patience();
        loop {
            // Asked first: what printed it may be gone afterwards.
            let nobody = !self.started_process().is_alive() && self.all().is_empty();
            let output = self.output();
            if output.contains(text) {
                return;
            }
            let late = nobody || Instant::now() > until;
            assert!(!late, "`{text}` was never printed, but:\n{output}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until these whole lines were printed, and no other behind the first of them.
    #[track_caller]
    pub(crate) fn lines(&self, lines: &[&str]) {
        let expected = lines.join("\n") + "\n";
        // An init may have had something to say before its command was there.
        let from_first = || {
            let output = self.output();
            let start = output.find(&format!("{}\n", lines[0])).unwrap_or(output.len());
            output[start..].to_owned()
        };
        let arrived = || (from_first().len() >= expected.len()).then_some(());
        wait_for(patience(), arrived).unwrap_or_default();
        assert_eq!(from_first(), expected);
    }

    /// Types into the terminal.
    #[track_caller]
    pub(crate) fn typed(&self, text: &str) {
        match &self.output {
            Output::Terminal(terminal) => terminal.send(text),
            Output::File(_) => panic!("this case has no terminal"),
        }
    }

    /// Waits until the init has ended by itself; returns its code.
    #[track_caller]
    pub(crate) fn exit(&mut self) -> i32 {
        let ended = || self.child.try_wait().unwrap();
        let Some(status) = wait_for(patience(), ended) else {
            panic!("the init does not end; it printed:\n{}", self.output())
        };
        status.code().unwrap_or_else(|| panic!("the init was killed: {status}"))
    }

    /// Waits until the init is gone, by itself or by a signal.
    #[track_caller]
    pub(crate) fn gone(&mut self) {
        wait_until("the init is gone", || self.child.try_wait().unwrap());
    }

    /// Waits until a file of this name is in the case's directory.
    #[track_caller]
    pub(crate) fn appeared(&self, name: &str) {
        let file = self.dir.path().join(name);
        wait_until(&format!("{name} is there"), || file.exists().then_some(()));
    }

    /// Whether it has ended already.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Whether the init is lightship, spoken to as itself.
    pub(crate) fn is_native(&self) -> bool {
        self.subject.dialect == Dialect::Lightship
    }

    /// Waits until `name` is in the group that has the terminal.
    #[track_caller]
    pub(crate) fn in_foreground(&self, name: &str) {
        let has_terminal = |process: &Process| process.has_terminal();
        wait_until(&format!("{name} has the terminal"), || {
            self.named(name).iter().any(has_terminal).then_some(())
        });
    }

    /// The process that was started: the init, or what started it.
    pub(crate) fn started_process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        for _ in 0..100 {
            let left = self.all();
            if left.is_empty() {
                break;
            }
            left.into_iter().for_each(Process::kill);
        }
    }
}

/// How long anything may take; only what never comes is ever waited for so long.
/// `CASE_PATIENCE`, in seconds, replaces it.
pub(crate) fn patience() -> Duration {
    let given = env::var("CASE_PATIENCE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(given.unwrap_or(60))
}

/// Asks again and again until there is an answer.
#[track_caller]
pub(crate) fn wait_until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    wait_for(patience(), ask).unwrap_or_else(|| panic!("never came true: {what}"))
}

fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() > until {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
