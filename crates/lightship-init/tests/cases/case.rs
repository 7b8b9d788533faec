//! A case, put together: an init with options, what it runs, and where.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::running::{Output, Running};
use crate::subject::{Dialect, Need, Subject};
use crate::terminal::Terminal;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/fixtures");

/// Where an init runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// As PID 1 of a namespace of its own, as in a container.
    PidOne,
    /// As any process of this machine.
    Outside,
}

impl Place {
    pub(crate) const BOTH: [Self; 2] = [Self::PidOne, Self::Outside];
}

/// A run of an init that is about to be.
///
/// What runs finds `$DIR`, a directory of its own in which it starts too, and `$FIXTURES`.
pub(crate) struct Case {
    dir: TempDir,
    subject: Subject,
    place: Place,
    launcher: Vec<String>,
    options: Vec<String>,
    env: Vec<(String, String)>,
    command: Vec<String>,
    stdin: Stdio,
    stdout: Option<Stdio>,
    bare: bool,
}

impl Case {
    /// The init under test, outside of a namespace.
    pub(crate) fn new() -> Self {
        Self::of(Subject::under_test())
    }

    pub(crate) fn of(subject: Subject) -> Self {
        let dir = TempDir::new().unwrap();
        Self {
            dir,
            subject,
            place: Place::Outside,
            launcher: Vec::new(),
            options: Vec::new(),
            env: Vec::new(),
            command: Vec::new(),
            stdin: Stdio::null(),
            stdout: None,
            bare: false,
        }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    #[track_caller]
    pub(crate) fn need(mut self, need: Need) -> Self {
        self.options.extend(self.subject.options(need));
        self
    }

    /// Options as they stand.
    pub(crate) fn options(mut self, options: &[&str]) -> Self {
        self.options.extend(options.iter().map(ToString::to_string));
        self
    }

    /// No `--` between the options and the command.
    pub(crate) fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn stdin(mut self, stdin: Stdio) -> Self {
        self.stdin = stdin;
        self
    }

    /// Where standard output goes instead of into the case's own file.
    pub(crate) fn stdout(mut self, stdout: Stdio) -> Self {
        self.stdout = Some(stdout);
        self
    }

    /// The program that starts the init, with its arguments: `env --block-signal …`.
    pub(crate) fn through(mut self, launcher: &[&str]) -> Self {
        self.launcher.extend(launcher.iter().map(ToString::to_string));
        self
    }

    pub(crate) fn command(mut self, command: &[&str]) -> Self {
        self.command = command.iter().map(ToString::to_string).collect();
        self
    }

    pub(crate) fn script(self, script: &str) -> Self {
        self.command(&["sh", "-c", script])
    }

    /// Runs a fixture in Python.
    pub(crate) fn python(self, fixture: &str, args: &[&str]) -> Self {
        let file = format!("{FIXTURES}/{fixture}");
        self.command(&[&[python(), "-IS", &file], args].concat())
    }

    /// A supervisor with this manifest; `{dir}` stands for the case's directory.
    #[track_caller]
    pub(crate) fn manifest(self, manifest: &str) -> Self {
        let dir = self.dir.path().display().to_string();
        let file = format!("{dir}/lightship.toml");
        fs::write(&file, manifest.replace("{dir}", &dir)).unwrap();
        let tools = format!("{dir}/tools");
        self.need(Need::Manifest).options(&["--manifest", &file, "--tool-dir", &tools])
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Lets every user into the directory.
    pub(crate) fn let_everybody_in(&self) {
        fs::set_permissions(self.dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    }

    /// The init and all that follows it.
    fn words(&self) -> Vec<String> {
        let mut words = self.launcher.clone();
        words.push(self.program().display().to_string());
        words.extend(self.options.iter().cloned());
        if !self.bare && !self.command.is_empty() && self.subject.dialect != Dialect::Nothing {
            words.push("--".to_owned());
        }
        words.extend(self.command.iter().cloned());
        words
    }

    /// The init's file, or a link to it by the name that it is called by.
    pub(crate) fn program(&self) -> PathBuf {
        let Some(name) = self.subject.link else { return self.subject.program.clone() };
        let link = self.dir.path().join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(&self.subject.program, &link).unwrap();
        }
        link
    }

    fn prepared(&self, words: &[String]) -> Command {
        // Whoever runs the tests in the background may have had INT and QUIT ignored.
        let mut all = vec!["env".to_owned(), "--default-signal".to_owned()];
        if self.place == Place::PidOne {
            all.extend(namespace().iter().map(ToString::to_string));
        }
        all.extend_from_slice(words);
        let mut command = Command::new(&all[0]);
        command.args(&all[1..]).current_dir(self.dir.path());
        for name in ["TINI_SUBREAPER", "TINI_VERBOSITY", "TINI_KILL_PROCESS_GROUP"] {
            command.env_remove(name);
        }
        for name in ["DUMB_INIT_SETSID", "DUMB_INIT_DEBUG", "LOA_LISTEN", "LOA_TOOL_DIR"] {
            command.env_remove(name);
        }
        command.env("DIR", self.dir.path()).env("FIXTURES", FIXTURES);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn start(mut self) -> Running {
        let words = self.words();
        let mut command = self.prepared(&words);
        let file = self.dir.path().join("output");
        let output = File::create(&file).unwrap();
        command.stdin(std::mem::replace(&mut self.stdin, Stdio::null()));
        let stdout = self.stdout.take().unwrap_or_else(|| output.try_clone().unwrap().into());
        command.stdout(stdout).stderr(output);
        // A group of its own whose leader's parent, this process, is in another group of the
        // session: otherwise the kernel would not let TSTP stop anybody in it.
        let child = command.process_group(0).spawn().unwrap();
        Running::new(child, self.dir, self.subject, Output::File(file))
    }

    /// Starts it as the leader of a session whose terminal is a new one, as container engines
    /// do for `-t`.
    pub(crate) fn start_in_terminal(self) -> Running {
        let mut words = vec!["setsid".to_owned(), "--ctty".to_owned()];
        words.extend(self.words());
        let mut command = self.prepared(&words);
        let terminal = Terminal::open();
        let child = terminal.spawn(&mut command);
        Running::new(child, self.dir, self.subject, Output::Terminal(terminal))
    }

    /// Runs it to its end; returns the code and what was printed.
    #[track_caller]
    pub(crate) fn run(self) -> (i32, String) {
        let mut running = self.start();
        let code = running.exit();
        (code, running.output())
    }
}

/// What makes a PID namespace that goes with its first process.
pub(crate) fn namespace() -> &'static [&'static str] {
    if rustix::process::geteuid().is_root() {
        &["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    } else {
        &["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"]
    }
}

/// The system's Python, and not somebody's wrapper of it.
pub(crate) fn python() -> &'static str {
    let system = "/usr/bin/python3";
    if Path::new(system).exists() { system } else { "python3" }
}

/// Says why a case, or the rest of it, can't be had on this machine.
pub(crate) fn skipped(why: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "skipped: {why}").unwrap();
}

pub(crate) fn is_root(needed_because: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skipped(needed_because);
    }
    root
}
