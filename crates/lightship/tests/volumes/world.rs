//! A manifest, a tool directory that is a mount, and lightship with a service on top.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use lightship_model::event::{Event, What};
use lightship_model::toolenv::Roots;
use lightship_model::volume::Volume;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use testkit::Sandbox;

use crate::alone::{system, unshare};

/// How long anything may take at the very most.
const LIMIT: Duration = Duration::from_mins(2);

/// Everything of one test but what is running.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    /// What `LOA_TOOL_DIR` says.
    tool_dir: PathBuf,
}

impl World {
    /// A world whose tool directory exists and is empty.
    pub(crate) fn new() -> Self {
        let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_lightship"));
        fs::create_dir(sandbox.dir()).unwrap();
        sandbox.set("LOA_TOOL_DIR", sandbox.dir());
        Self { tool_dir: sandbox.dir(), sandbox }
    }

    /// Lets installers write where this test looks.
    pub(crate) fn unconfined(&mut self) {
        self.sandbox.set("LOA_CONFINE", "off");
    }

    /// Makes another directory than that of the mount the tool directory.
    pub(crate) fn use_dir(&mut self, dir: PathBuf) {
        self.sandbox.set("LOA_TOOL_DIR", &dir);
        self.tool_dir = dir;
    }

    /// Where tools go that the tool directory can't hold.
    pub(crate) fn local_tools(&self) -> PathBuf {
        self.sandbox.local_tools_of(&self.tool_dir)
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.sandbox.dir()
    }

    /// Writes a manifest with a service and `tools`.
    pub(crate) fn wants(&self, tools: &str) {
        let service =
            "[service]\ncommand = [\"sleep\", \"1000\"]\n[health]\nlisten = \"127.0.0.1:0\"\n";
        self.sandbox.manifest(&format!("{service}{tools}"));
    }

    /// Mounts onto the tool directory: `mount` with `arguments` before its path.
    #[track_caller]
    pub(crate) fn mount(&self, arguments: &[&str]) {
        let dir = self.dir().display().to_string();
        let arguments: Vec<&str> = arguments.iter().copied().chain([dir.as_str()]).collect();
        system("mount", &arguments);
    }

    /// Makes a file with an ext4 in it, `mib` MiB large, and gives its path.
    pub(crate) fn ext4(&self, mib: u64) -> String {
        let image = self.sandbox.path("image");
        fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
        let image = image.display().to_string();
        system("mkfs.ext4", &["-q", "-F", "-m", "0", &image]);
        image
    }

    pub(crate) fn umount(&self) {
        system("umount", &["-l", &self.dir().display().to_string()]);
    }

    /// The command that is lightship, with the service.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_lightship"));
        command.args(["up", "--format", "json", "--manifest"]);
        command.arg(self.sandbox.path("lightship.toml"));
        command
    }

    /// Starts lightship.
    pub(crate) fn start(&self) -> Up {
        Up::start(self.command())
    }

    /// Starts lightship in a container of its own, with its own local directory, `local`.
    pub(crate) fn container(&self, local: &str) -> Up {
        let plain = self.command();
        let mut command = self.sandbox.command("unshare");
        command.args(unshare().get_args()).arg(plain.get_program()).args(plain.get_args());
        command.env("LOA_LOCAL_DIR", self.sandbox.path(local));
        Up::start(command)
    }

    /// Starts lightship and waits until the loader has come to its end.
    pub(crate) fn load(&self) -> Up {
        let mut up = self.start();
        up.wait_complete();
        up
    }

    /// What `lightship tools …` answers, and its exit code.
    pub(crate) fn care(&self, words: &[&str]) -> (i32, Value) {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_lightship"));
        command.arg("tools").args(words).args(["--format", "json", "--manifest"]);
        let output = command.arg(self.sandbox.path("lightship.toml")).output().unwrap();
        let answer = serde_json::from_slice(&output.stdout);
        let answer = answer.unwrap_or_else(|error| panic!("{error}: {output:?}"));
        (output.status.code().unwrap(), answer)
    }

    /// What the program `name` prints, as the service finds it.
    #[track_caller]
    pub(crate) fn prints(&self, name: &str) -> String {
        let var = |name: &str| {
            let shown = |value: &Path| Some(value.display().to_string());
            match name {
                "LIGHTSHIP_BAKED_DIR" => shown(&self.sandbox.path("baked")),
                "LOA_LOCAL_DIR" => shown(&self.sandbox.local()),
                _ => None,
            }
        };
        let roots = Roots::new(&self.tool_dir.display().to_string(), 0, var);
        let mut command = self.sandbox.command("/bin/sh");
        command.args(["-c", name]).env("PATH", roots.bins().join(":"));
        testkit::output(&mut command)
    }

    /// Every file of `folder` with its content.
    pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut queue = vec![folder.to_owned()];
        while let Some(folder) = queue.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    queue.push(entry.path());
                } else if kind.is_file() {
                    files.insert(entry.path(), fs::read(entry.path()).unwrap());
                }
            }
        }
        files
    }
}

/// The names of the receipts in a directory of tools.
pub(crate) fn receipts(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir.join("v1/receipts")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "json")).collect()
}

/// A tool `name` whose program prints `says`, with `before` run first.
pub(crate) fn tool(name: &str, says: &str, before: &str) -> String {
    format!(
        "[tools.{name}]\nbins = [\"{name}\"]\nverify = [\"{name}\"]\nretries = 0\n\
         script = {{ run = [\"sh\", \"-ec\", '''{before}\nmkdir -p \"$PREFIX/bin\"\n\
         printf '#!/bin/sh\\necho {says}\\n' > \"$PREFIX/bin/{name}\"\n\
         chmod +x \"$PREFIX/bin/{name}\"\n'''] }}\n"
    )
}

/// A running lightship; killed with all it started when the test is over.
pub(crate) struct Up {
    child: Child,
    events: Receiver<Event>,
    contained: bool,
    pub(crate) seen: Vec<Event>,
}

impl Up {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let contained = command.get_program() == "unshare";
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        drop(thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            for event in lines.filter_map(|line| Event::from_line(&line)) {
                if sender.send(event).is_err() {
                    return;
                }
            }
        }));
        Self { child, events, contained, seen: Vec::new() }
    }

    /// Waits for an event for which `wanted` gives something.
    #[track_caller]
    pub(crate) fn wait_for<T>(&mut self, what: &str, wanted: impl Fn(&What) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.recv_timeout(left) else {
                panic!("there was no {what}, but: {:#?}", self.seen)
            };
            assert!(!matches!(event.what, What::ServiceExited { .. }), "{event:?}");
            let found = wanted(&event.what);
            self.seen.push(event);
            if let Some(found) = found {
                return found;
            }
        }
    }

    #[track_caller]
    pub(crate) fn wait_complete(&mut self) {
        self.wait_for("end of loading", |what| {
            matches!(what, What::LoadComplete { .. }).then_some(())
        });
    }

    /// What the loader last said of the volume.
    #[track_caller]
    pub(crate) fn volume(&self) -> Volume {
        let volumes = self.seen.iter().rev().filter_map(|event| match &event.what {
            What::Volume(volume) => Some(Volume::clone(volume)),
            _ => None,
        });
        volumes.into_iter().next().unwrap()
    }

    pub(crate) fn warnings(&self) -> Vec<&str> {
        let messages = self.seen.iter().filter_map(|event| match &event.what {
            What::Warning { message } => Some(message.as_str()),
            _ => None,
        });
        messages.collect()
    }

    /// The full document of health.
    #[track_caller]
    pub(crate) fn health(&self) -> Value {
        let address = self.seen.iter().find_map(|event| match &event.what {
            What::HealthListening { address } => Some(address.clone()),
            _ => None,
        });
        let mut stream = TcpStream::connect(address.unwrap()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(b"GET /health?full=true HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// Asserts that the service runs, all tools are installed, and health is degraded by
    /// `problem`, with a sentence that has `word` in it.
    #[track_caller]
    pub(crate) fn degraded_by(&self, problem: &str, word: &str) -> &Self {
        let health = self.health();
        assert_eq!(health["status"], "degraded", "{health:#}");
        assert_eq!(health["gateway"], "running", "{health:#}");
        assert_eq!(health["loader"]["volume"]["problem"], problem, "{health:#}");
        let reasons = health["reasons"].to_string();
        assert!(reasons.contains("can't be used") && reasons.contains(word), "{reasons}");
        let checks = health["checks"].as_array().unwrap();
        assert!(checks.iter().any(|check| check["name"] == "volume" && check["ok"] == false));
        self.all_installed()
    }

    /// Asserts that the service runs, all tools are installed, and nothing is wrong.
    #[track_caller]
    pub(crate) fn healthy(&self) -> &Self {
        let health = self.health();
        assert_eq!(health["status"], "healthy", "{health:#}\n{:#?}", self.warnings());
        self.all_installed()
    }

    #[track_caller]
    fn all_installed(&self) -> &Self {
        let health = self.health();
        let tools = health["tools"]["status"].as_object().unwrap();
        assert!(tools.values().all(|status| status == "installed"), "{health:#}");
        self
    }

    /// Ends it as a container is ended.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        drop(self.child.wait());
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap_or_default();
    }

    /// Kills it, and in a container everything with it.
    pub(crate) fn kill(mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // A container goes at once with what started it, which ignores a polite signal.
        self.signal(if self.contained { Signal::KILL } else { Signal::TERM });
        drop(self.child.wait());
    }
}
