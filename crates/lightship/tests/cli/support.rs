//! The built program in a directory of its own, with nothing of this machine's environment.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use lightship_model::toolenv::Roots;
use tempfile::TempDir;
pub(crate) use testkit::Done;

/// How long anything here may take at the very most.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// A home for one test.
pub(crate) struct Home {
    dir: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn tool_dir(&self) -> PathBuf {
        self.path("data/lightship/tools")
    }

    /// Where tools go that the tool directory can't hold.
    pub(crate) fn local_tools(&self) -> PathBuf {
        let local = self.path("local").display().to_string();
        let var = |name: &str| (name == "LOA_LOCAL_DIR").then(|| local.clone());
        Roots::new(&self.tool_dir().display().to_string(), 0, var).local_tools().into()
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightship"));
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.dir.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env("LOA_LOCAL_DIR", self.path("local"))
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        Done::from(self.command(args).output().unwrap())
    }

    /// Starts, with both outputs read line by line.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::of(self.command(args))
    }
}

impl Running {
    /// Starts `command`, with both outputs read line by line.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }
}

/// A running lightship; killed with all it started when the test is over.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdout: Receiver<String>,
    pub(crate) stderr: Receiver<String>,
}

impl Running {
    /// Waits for a line with `what` in it.
    #[track_caller]
    pub(crate) fn wait_for(lines: &Receiver<String>, what: &str) -> String {
        let until = Instant::now() + LIMIT;
        let mut seen = Vec::new();
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match lines.recv_timeout(left) {
                Ok(line) if line.contains(what) => return line,
                Ok(line) => seen.push(line),
                Err(_) => break,
            }
        }
        panic!("no line with `{what}`, but:\n{}", seen.join("\n"));
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)
            .unwrap();
    }

    /// Waits for the end; the exit code.
    #[track_caller]
    pub(crate) fn code(&mut self) -> Option<i32> {
        let until = Instant::now() + LIMIT;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The init part stops everything once its events are no longer read.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// A listener on a free port, and its address.
pub(crate) fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// A manifest with `service`, and a tool `hello` that a script makes.
pub(crate) fn manifest(service: &str) -> String {
    format!(
        "[service]\ncommand = [\"sh\", \"-c\", '''{service}''']\n\n[health]\nlisten = \
         \"127.0.0.1:0\"\n\n[tools.hello]\nversion = \"1.0\"\nbins = [\"hello\"]\nscript = {{ run = \
         [\"sh\", \"-c\", '''{HELLO}'''] }}\n"
    )
}

const HELLO: &str = "echo making hello; mkdir -p \"$PREFIX/bin\"; printf \"#!/bin/sh\\necho hi\\n\" \
                     > \"$PREFIX/bin/hello\"; chmod +x \"$PREFIX/bin/hello\"";

/// Whether a process with this number runs (and is no zombie).
pub(crate) fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}
