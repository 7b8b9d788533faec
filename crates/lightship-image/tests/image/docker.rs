//! Docker Engine, as Debian 12 has it: a daemon of the test's own, with a socket and a data root
//! in a temporary directory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lightship_image::build::compress::Compression;
use lightship_image::oci::archive::write_docker;

use crate::sample::{SAYS, sample};

struct Daemon {
    process: Child,
    socket: PathBuf,
}

impl Daemon {
    /// Nothing where there is no Docker, or where the machine does not let it run.
    fn start(dir: &Path) -> Option<Self> {
        let socket = dir.join("docker.sock");
        let at = |name: &str| dir.join(name).display().to_string();
        let mut command = Command::new("dockerd");
        command.args(["--bridge=none", "--iptables=false", "--storage-driver=vfs"]);
        command.args(["--host", &format!("unix://{}", socket.display())]);
        command.args(["--data-root", &at("data"), "--exec-root", &at("exec")]);
        command.args(["--pidfile", &at("docker.pid")]);
        let log = std::fs::File::create(dir.join("docker.log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let Ok(process) = command.spawn() else {
            eprintln!("skipped: there is no `dockerd` here (Debian: docker.io)");
            return None;
        };
        let mut daemon = Self { process, socket };
        let end = Instant::now() + Duration::from_mins(1);
        while !daemon.docker(&["version"]).0 {
            let ended = daemon.process.try_wait().unwrap().is_some();
            if ended || Instant::now() > end {
                let log = std::fs::read_to_string(dir.join("docker.log")).unwrap();
                eprintln!("skipped: Docker's daemon can't run here:\n{log}");
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
        Some(daemon)
    }

    fn docker(&self, args: &[&str]) -> (bool, String) {
        let mut command = Command::new("docker");
        command.arg("--host").arg(format!("unix://{}", self.socket.display()));
        let out = command.args(args).output().unwrap();
        let text = [out.stdout, out.stderr].concat();
        (out.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It ends its own children only when it is asked to.
        let pid = self.process.id().to_string();
        drop(Command::new("kill").args(["-TERM", &pid]).status());
        drop(self.process.wait());
        // It leaves this mounted, and then the directory can't be removed.
        let left = self.socket.with_file_name("exec/netns/default");
        drop(Command::new("umount").arg(left).stderr(Stdio::null()).status());
    }
}

#[test]
fn docker_engine_loads_and_runs_the_archive() {
    let dir = tempfile::tempdir().unwrap();
    let Some(daemon) = Daemon::start(dir.path()) else { return };
    for (compression, tag) in
        [(Compression::GZIP, "sample:gzip"), (Compression::None, "sample:plain")]
    {
        let image = sample(dir.path(), compression, 2);
        let path = dir.path().join("docker.tar");
        write_docker(&path, &image, tag).unwrap();
        let (loaded, text) = daemon.docker(&["load", "-i", path.to_str().unwrap()]);
        assert!(loaded, "{text}");
        let (_, id) = daemon.docker(&["inspect", "--format", "{{.Id}}", tag]);
        assert_eq!(id, image.config.digest.to_string());
        let (ran, text) = daemon.docker(&["run", "--rm", "--network=host", tag]);
        assert!(ran, "{text}");
        assert_eq!(text, SAYS);
    }
}
