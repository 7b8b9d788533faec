//! Real container engines: podman with runc, and Docker Engine with a daemon of the test's own.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Done;

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// An engine with a store of its own.
#[derive(Debug)]
pub struct Engine {
    program: &'static str,
    options: Vec<String>,
    daemon: Option<Daemon>,
}

#[derive(Debug)]
struct Daemon {
    process: Child,
    netns: PathBuf,
}

impl Engine {
    /// Podman, with runc and its store below `dir`; nothing, said to the reader of the test,
    /// where it is not installed.
    pub fn podman(dir: &Path) -> Option<Self> {
        let here = ["podman", "runc"]
            .iter()
            .all(|program| Command::new(program).arg("--version").output().is_ok());
        if !here {
            skipped("there is no `podman` here, or no `runc` (Debian's packages)");
            return None;
        }
        let at = |name: &str| dir.join(name).display().to_string();
        let options = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"].map(str::to_owned);
        let store = ["--root".to_owned(), at("root"), "--runroot".to_owned(), at("run")];
        Some(Self { program: "podman", options: [store, options].concat(), daemon: None })
    }

    /// Docker Engine, with a socket and a data root below `dir`; nothing, said to the reader of
    /// the test, where there is none or where the machine does not let it run.
    pub fn docker(dir: &Path) -> Option<Self> {
        std::fs::create_dir_all(dir).unwrap();
        let at = |name: &str| dir.join(name).display().to_string();
        let host = format!("unix://{}", at("docker.sock"));
        let mut command = Command::new("dockerd");
        command.args(["--bridge=none", "--iptables=false", "--host", &host]);
        command.args(["--data-root", &at("data"), "--exec-root", &at("exec")]);
        command.args(["--pidfile", &at("docker.pid")]);
        let log = File::create(dir.join("docker.log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let Ok(process) = command.spawn() else {
            skipped("there is no `dockerd` here (Debian: docker.io)");
            return None;
        };
        let daemon = Daemon { process, netns: dir.join("exec/netns/default") };
        let options = vec!["--host".to_owned(), host];
        let mut engine = Self { program: "docker", options, daemon: Some(daemon) };
        let end = Instant::now() + PATIENCE;
        while engine.call(["version"]).code != Some(0) {
            let ended = engine.daemon.as_mut()?.process.try_wait().unwrap().is_some();
            if ended || Instant::now() > end {
                let log = std::fs::read_to_string(dir.join("docker.log")).unwrap();
                skipped(&format!("Docker's daemon can't run here:\n{log}"));
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
        Some(engine)
    }

    /// Its command line without words.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(&self.options).stdin(Stdio::null());
        command
    }

    /// Runs it with `words`, to the end.
    pub fn call<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Done {
        self.command().args(words).output().unwrap().into()
    }

    /// Whether it can run anything on this machine: an image of one static file, with nothing of
    /// ours beside it.
    ///
    /// # Errors
    /// What the engine said, if it can't.
    pub fn probe(&self) -> Result<(), String> {
        const NAME: &str = "lightship-tests/probe:test";
        let place = tempfile::tempdir().unwrap();
        let tar = place.path().join("probe.tar");
        let shipped = shipped_init();
        let mut pack = Command::new("tar");
        pack.arg("-cf").arg(&tar).arg("-C").arg(shipped.parent().unwrap());
        assert!(pack.arg(shipped.file_name().unwrap()).status().unwrap().success());
        let imported = self.call(["import", tar.to_str().unwrap(), NAME]);
        if imported.code != Some(0) {
            return Err(imported.stderr);
        }
        let words = ["run", "--rm"].into_iter().chain(self.run_words().iter().copied());
        let ran = self.call(words.chain([NAME, "/lightship-init", "--version"]));
        if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr) }
    }

    /// The words of `run` that this machine needs: it has no bridges, and low limits.
    pub fn run_words(&self) -> &'static [&'static str] {
        match self.daemon {
            Some(_) => &["--network=host"],
            None => &["--network=host", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"],
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        // It ends its own children only when it is asked to.
        let pid = daemon.process.id().to_string();
        drop(Command::new("kill").args(["-TERM", &pid]).status());
        drop(daemon.process.wait());
        // It leaves this mounted, and then the directory can't be removed.
        drop(Command::new("umount").arg(&daemon.netns).stderr(Stdio::null()).status());
    }
}

/// What `./dist` has built.
fn shipped_init() -> PathBuf {
    std::env::var_os("LIGHTSHIP_INIT_BINARY").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/dist/lightship-init"),
        PathBuf::from,
    )
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
