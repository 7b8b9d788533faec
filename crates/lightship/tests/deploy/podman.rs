//! Podman with a store of the test's own, and a base image made of Debian's packages.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::root;

pub(crate) struct Podman {
    home: tempfile::TempDir,
}

/// The base that the Dockerfiles name.
const BASE: &str = "debian:bookworm-20250520-slim";

impl Podman {
    /// Nothing where a program is missing, or where this is not root; says so.
    pub(crate) fn new() -> Option<Self> {
        for program in ["podman", "runc", "mmdebstrap"] {
            if Command::new(program).arg("--version").output().is_err() {
                eprintln!("skipped: there is no `{program}` here (Debian's package of that name)");
                return None;
            }
        }
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root makes a base image here");
            return None;
        }
        let podman = Self { home: tempfile::tempdir().unwrap() };
        podman.write_apt();
        let mut command = Command::new("mmdebstrap");
        command.args(["--quiet", "--variant=minbase", "--mode=root"]);
        for line in fs::read_to_string(podman.path("apt.conf")).unwrap().lines() {
            command.arg(format!("--aptopt={line}"));
        }
        command.args(["--dpkgopt=path-exclude=/usr/share/doc/*", "bookworm"]);
        succeed(command.arg(podman.path("base.tar")).arg(podman.path("apt.sources")));
        podman.run(&["import", &podman.path("base.tar").display().to_string(), BASE]);
        Some(podman)
    }

    /// What apt is told on this machine, as a user behind a mirror would hand it to a build.
    fn write_apt(&self) {
        let list = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
        let sources = list.iter().find(|path| fs::metadata(path).is_ok_and(|it| it.len() > 0));
        fs::copy(sources.unwrap(), self.path("apt.sources")).unwrap();
        let dump = succeed(Command::new("apt-config").args(["dump", "Acquire"]));
        let dump = String::from_utf8(dump.stdout).unwrap();
        let kept = ["::Proxy", "Check-Valid-Until", "Check-Date", "::CAInfo", "::Verify-"];
        let lines = dump.lines().filter(|line| kept.iter().any(|word| line.contains(word)));
        fs::write(self.path("apt.conf"), lines.fold(String::new(), |all, it| all + it + "\n"))
            .unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command.arg("--root").arg(self.path("root")).arg("--runroot").arg(self.path("run"));
        command.args(["--runtime", "runc", "--cgroup-manager", "cgroupfs"]).args(args);
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let output = succeed(&mut self.command(args));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Packages as they are today: what is pinned may be gone from the archive by now.
    pub(crate) fn pin(&self) {
        let deploy = self.path("context/deploy").display().to_string();
        let sources = self.path("apt.sources").display().to_string();
        let conf = self.path("apt.conf").display().to_string();
        let script = ": > /etc/apt/sources.list; rm -f /etc/apt/sources.list.d/0*; sh /deploy/pin";
        self.container(
            &[
                "--rm",
                "-v",
                &format!("{deploy}:/deploy"),
                "-v",
                &format!("{sources}:/etc/apt/sources.list.d/mirror.sources:ro"),
                "-v",
                &format!("{conf}:/etc/apt/apt.conf.d/99mirror:ro"),
            ],
            &[BASE, "sh", "-c", script],
        );
    }

    /// Builds a Dockerfile of the context; gives the image's name.
    pub(crate) fn build(&self, name: &str) {
        let secret = |id: &str, file: PathBuf| format!("id={id},src={}", file.display());
        let sources = secret("apt_sources", self.path("apt.sources"));
        let conf = secret("apt_conf", self.path("apt.conf"));
        let registry = succeed(Command::new("npm").args(["config", "get", "registry"])).stdout;
        let registry = format!("NPM_REGISTRY={}", String::from_utf8(registry).unwrap().trim());
        let file = self.path(&format!("context/deploy/Dockerfile.{name}")).display().to_string();
        let mut args = vec!["build", "-f", &file, "-t", name, "--format", "docker"];
        args.extend(["--isolation", "chroot", "--network", "host", "--ulimit", "nofile=1024:1024"]);
        args.extend(["--build-arg", &registry, "--secret", &sources, "--secret", &conf]);
        let trusted = std::env::var("SSL_CERT_FILE").ok().filter(|path| !path.is_empty());
        let trusted = trusted.map(|path| secret("ca", path.into()));
        if let Some(trusted) = &trusted {
            args.extend(["--secret", trusted]);
        }
        let context = self.path("context").display().to_string();
        args.push(&context);
        self.run(&args);
    }

    /// `podman run` with what makes it run in a container, too.
    #[track_caller]
    pub(crate) fn container(&self, options: &[&str], command: &[&str]) -> String {
        let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
        let args = [&["run", "--network", "host"], &limits[..], options, command].concat();
        self.run(&args)
    }

    /// What a build is sent: the files that `.dockerignore` lets pass.
    pub(crate) fn context(&self) {
        for path in ["deploy", "images", "target/dist", ".dockerignore"] {
            let to = self.path("context").join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            succeed(Command::new("cp").arg("-r").arg(root().join(path)).arg(to));
        }
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // Layers may be mounted, and only podman knows where.
        drop(self.command(&["rm", "--all", "--force", "--time", "0"]).output());
        drop(self.command(&["rmi", "--all", "--force"]).output());
    }
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}
