//! A container of the core image, asked over its own ports and by the engine's `exec`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Done, Engine};

use crate::{image, machine, manifest};

/// How long anything may take at the very most.
const LIMIT: Duration = Duration::from_mins(8);

/// What is to be run: a manifest, a volume, and words for the engine.
pub(crate) struct Plan<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) tools: String,
    pub(crate) words: Vec<String>,
}

/// A running container; removed when the test is over.
pub(crate) struct Container<'a> {
    engine: &'a Engine,
    name: String,
    ports: (u16, u16),
    _manifest: TempDir,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(engine: &'a Engine, tools: &str) -> Self {
        Self { engine, tools: tools.to_owned(), words: Vec::new() }
    }

    /// With words for `run`.
    pub(crate) fn with(mut self, words: &[&str]) -> Self {
        self.words.extend(words.iter().map(|&word| word.to_owned()));
        self
    }

    /// With the directory `host` as the volume.
    pub(crate) fn on(self, host: &Path) -> Self {
        self.with(&[&format!("--volume={}:/data/tools", host.display())])
    }

    pub(crate) fn start(self) -> Container<'a> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lightship-e2e-{}-{count}", std::process::id());
        let ports = manifest::ports();
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("lightship.toml");
        fs::write(&file, manifest::manifest(ports, &self.tools)).unwrap();
        let mut words = vec!["run".to_owned(), "--detach".to_owned(), format!("--name={name}")];
        words.extend(self.engine.run_words().iter().map(|&word| word.to_owned()));
        words.push("--env=CLAWDBOT_GATEWAY_TOKEN=of-the-test".to_owned());
        words.push(format!("--volume={}:/etc/lightship.toml:ro", file.display()));
        words.extend(machine::words());
        words.extend(self.words);
        words.push(image::NAME.to_owned());
        let container = Container { engine: self.engine, name, ports, _manifest: place };
        self.engine.call(&words).ok();
        container
    }
}

impl Container<'_> {
    /// What the health port says, if it says anything.
    pub(crate) fn health(&self) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/health?full=true", self.ports.1);
        serde_json::from_str(&get(&url)?).ok()
    }

    /// Whether the gateway answers on its own port.
    pub(crate) fn gateway_answers(&self) -> bool {
        get(&format!("http://127.0.0.1:{}/", self.ports.0)).is_some()
    }

    /// The document of health once it is as `wanted`.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + LIMIT;
        let mut last = None;
        while Instant::now() < end {
            last = self.health().or(last);
            if let Some(health) = last.take_if(|health| wanted(health)) {
                return health;
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
        panic!("{what}: never; the last answer: {last:#?}\n{}", self.logs());
    }

    /// The document of health once the gateway is ready.
    #[track_caller]
    pub(crate) fn ready(&self) -> Value {
        self.wait("the gateway is ready", |health| health["service"]["ready"] == true)
    }

    /// The document of health once every tool has come to an end and the loader, too.
    #[track_caller]
    pub(crate) fn complete(&self) -> Value {
        self.wait("the tools are complete", |health| {
            health["tools"]["complete"] == true
                && health["service"]["ready"] == true
                && health["loader"]["state"] == "complete"
        })
    }

    /// Runs a command line in the container.
    pub(crate) fn exec(&self, line: &str) -> Done {
        self.engine.call(["exec", &self.name, "sh", "-c", line])
    }

    /// What both streams of the container said.
    pub(crate) fn logs(&self) -> String {
        let done = self.engine.call(["logs", &self.name]);
        done.stdout + &done.stderr
    }

    /// Stops it as an engine does; its exit code.
    pub(crate) fn stop(&self) -> i32 {
        self.engine.call(["stop", "-t", "30", &self.name]).ok();
        self.inspect("{{.State.ExitCode}}").parse().unwrap()
    }

    pub(crate) fn inspect(&self, format: &str) -> String {
        let answer = self.engine.call(["inspect", "--format", format, &self.name]).ok();
        answer.trim().to_owned()
    }

    /// Starts it again, as it is.
    pub(crate) fn start_again(&self) {
        self.engine.call(["start", &self.name]).ok();
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&self) {
        self.engine.call(["kill", "--signal", "KILL", &self.name]).ok();
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        self.engine.call(["rm", "--force", "--volumes", &self.name]);
    }
}

fn get(url: &str) -> Option<String> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .http_status_as_error(false)
        .build()
        .new_agent();
    agent.get(url).call().ok()?.body_mut().read_to_string().ok()
}

/// A directory for a volume, on the file system of the build.
pub(crate) fn volume() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// The acts of the audit trail on a volume.
pub(crate) fn acts(volume: &Path) -> Vec<String> {
    let text = fs::read_to_string(volume.join("audit.jsonl")).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["act"].as_str().unwrap().to_owned()).collect()
}

/// The receipts on a volume, by tool.
pub(crate) fn receipts(volume: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(volume.join("v1/receipts")) else { return Vec::new() };
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "json"));
    found.sort();
    found
}
