//! Starts the built binary in a directory of its own, reads its events, and leaves nothing behind.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use lightship_model::event::{Event, What};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_lightship-init");
const LOADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/loader");

/// Long enough for a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_mins(1);

/// A lightship that is about to start.
pub(crate) struct Lightship {
    dir: TempDir,
    launcher: Vec<String>,
    args: Vec<String>,
    command: Vec<String>,
    output: Option<OwnedFd>,
}

impl Lightship {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let listen = ["--listen", "127.0.0.1:0"].map(str::to_owned).to_vec();
        Self { dir, launcher: Vec::new(), args: listen, command: Vec::new(), output: None }
    }

    /// Runs `script` as the service, from the command line.
    pub(crate) fn service(script: &str) -> Self {
        Self::new().command(&["sh", "-c", script])
    }

    /// Runs what `manifest` says; `{dir}` stands for the test's directory.
    pub(crate) fn manifest(manifest: &str) -> Self {
        let mut lightship = Self::new();
        let path = lightship.path("lightship.toml");
        let dir = lightship.dir.path().display().to_string();
        fs::write(&path, manifest.replace("{dir}", &dir)).unwrap();
        lightship.args.extend(["--manifest".to_owned(), path.display().to_string()]);
        lightship.args.extend(["--tool-dir".to_owned(), format!("{dir}/tools")]);
        lightship
    }

    /// A service that just runs, and one tool `x` that the loader `script` is about.
    pub(crate) fn loader(script: &str) -> Self {
        let manifest = "[service]\ncommand = [\"sleep\", \"1000\"]\n\
                        [tools.x]\nscript = { run = [\"true\"] }\n";
        Self::manifest(manifest).with_loader(script)
    }

    pub(crate) fn with_loader(self, script: &str) -> Self {
        let dir = self.dir.path().display().to_string();
        fs::write(self.path("loader.sh"), script.replace("{dir}", &dir)).unwrap();
        self.arg("--loader", LOADER)
    }

    pub(crate) fn arg(mut self, option: &str, value: &str) -> Self {
        self.args.extend([option.to_owned(), value.to_owned()]);
        self
    }

    pub(crate) fn command(mut self, command: &[&str]) -> Self {
        self.command = command.iter().map(ToString::to_string).collect();
        self
    }

    /// Starts lightship through `launcher`, like `env` with its options.
    pub(crate) fn through(mut self, launcher: &[&str]) -> Self {
        self.launcher = launcher.iter().map(ToString::to_string).collect();
        self
    }

    /// Gives it another standard output and error than a file.
    pub(crate) fn output_to(mut self, output: OwnedFd) -> Self {
        self.output = Some(output);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn start(mut self) -> Running {
        // The shell moves the pipe from its standard output to descriptor 3, for the events;
        // what the service prints goes to a file.
        let output = fs::File::create(self.path("output")).unwrap();
        let output = self.output.take().unwrap_or(output.into());
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3>&1 1>&2", "sh"])
            .args(&self.launcher)
            .arg(BINARY)
            .args(&self.args)
            .args(["--events-fd", "3", "--"])
            .args(&self.command)
            .env("LOADER_SCRIPT", self.path("loader.sh"))
            .env("LOA_LOCAL_DIR", self.path("local"))
            .env_remove("LOA_LISTEN")
            .env_remove("LOA_TOOL_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .unwrap();
        // A process of its own reads, as its end closes the pipe.
        let mut reader = Command::new("cat")
            .stdin(child.stdout.take().unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let events = reader.stdout.take().unwrap();
        let (sender, receiver) = channel();
        thread::spawn(move || {
            for line in BufReader::new(events).lines() {
                let event = Event::from_line(&line.unwrap()).expect("a line that is no event");
                if sender.send(event.what).is_err() {
                    break;
                }
            }
        });
        Running { child, reader, dir: self.dir, events: receiver, address: None }
    }

    /// Runs it to its end; returns its code and what was printed.
    pub(crate) fn run(self) -> (i32, String) {
        let mut running = self.start();
        let code = running.exit();
        (code, running.output())
    }
}

/// A lightship that runs. Dropped, it is killed with all that it started.
pub(crate) struct Running {
    child: Child,
    reader: Child,
    dir: TempDir,
    events: Receiver<What>,
    address: Option<String>,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for an event in which `find` finds something. Those before it are gone.
    pub(crate) fn event<T>(&mut self, mut find: impl FnMut(What) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let what = self.events.recv_timeout(left).expect("the event never came");
            if let What::HealthListening { address } = &what {
                self.address = Some(address.clone());
            }
            if let Some(found) = find(what) {
                return found;
            }
        }
    }

    /// The events that are left when lightship has ended.
    pub(crate) fn last_events(&mut self) -> Vec<What> {
        let mut events = Vec::new();
        while let Ok(what) = self.events.recv_timeout(PATIENCE) {
            events.push(what);
        }
        events
    }

    /// Whether any of the events that have come, and were not waited for, is what `find` looks
    /// for.
    pub(crate) fn saw(&mut self, mut find: impl FnMut(&What) -> bool) -> bool {
        let mut found = false;
        while let Ok(what) = self.events.try_recv() {
            found |= find(&what);
        }
        found
    }

    pub(crate) fn service_started(&mut self) -> u32 {
        self.event(|what| match what {
            What::ServiceStarted { pid, .. } => Some(pid),
            _ => None,
        })
    }

    pub(crate) fn service_ready(&mut self) {
        self.event(|what| matches!(what, What::ServiceReady { .. }).then_some(()));
    }

    pub(crate) fn loader_started(&mut self) -> u32 {
        self.event(|what| match what {
            What::LoaderStarted { pid } => Some(pid),
            _ => None,
        })
    }

    /// Closes the reading end of the events.
    pub(crate) fn stop_reading(&mut self) {
        self.reader.kill().unwrap();
    }

    pub(crate) fn address(&mut self) -> String {
        if self.address.is_none() {
            self.event(|what| matches!(what, What::HealthListening { .. }).then_some(()));
        }
        self.address.clone().unwrap()
    }

    /// Asks the health port; returns the status and the body.
    pub(crate) fn get(&mut self, target: &str) -> (u16, String) {
        let answer = self.exchange(&format!("GET {target} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    pub(crate) fn json(&mut self, target: &str) -> serde_json::Value {
        serde_json::from_str(&self.get(target).1).unwrap()
    }

    /// Sends `request` and reads all that comes.
    pub(crate) fn exchange(&mut self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Waits until it ends; returns its code as a shell shows it.
    pub(crate) fn exit(&mut self) -> i32 {
        let code = || self.child.try_wait().unwrap();
        let status = wait_until("lightship ended", code);
        status.code().expect("lightship was killed by a signal")
    }

    /// What lightship and the service have printed.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(self.path("output")).unwrap()
    }

    /// Waits until the service has printed `text`.
    pub(crate) fn printed(&self, text: &str) {
        wait_until(text, || self.output().contains(text).then_some(()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // With a manifest, the second one kills at once.
        for _ in 0..2 {
            if let Ok(None) = self.child.try_wait() {
                self.signal(Signal::TERM);
                thread::sleep(Duration::from_millis(50));
            }
        }
        // A plain init waits for its service, which may hear no TERM.
        let children = format!("/proc/{0}/task/{0}/children", self.pid());
        while let Ok(None) = self.child.try_wait() {
            for child in fs::read_to_string(&children).unwrap_or_default().split_whitespace() {
                let pid = Pid::from_raw(child.parse().unwrap()).unwrap();
                kill_process(pid, Signal::KILL).unwrap_or_default();
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.reader.kill().unwrap();
        self.reader.wait().unwrap();
    }
}

pub(crate) fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// Whether a process of that number runs.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// The numbers in a file that a script writes, once there are `count` of them.
pub(crate) fn numbers(path: &Path, count: usize) -> Vec<u32> {
    wait_until("the numbers of processes", || {
        let text = fs::read_to_string(path).ok()?;
        let numbers: Vec<u32> = text.lines().map(|line| line.trim().parse().unwrap()).collect();
        (numbers.len() == count && text.ends_with('\n')).then_some(numbers)
    })
}

/// Asks again and again until there is an answer.
pub(crate) fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "never came true: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
