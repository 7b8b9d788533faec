//! A server of git repositories over https on the loopback, with a certificate of its own, and
//! this machine's git behind it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running server; it ends when it is dropped.
pub(crate) struct GitServer {
    home: TempDir,
    process: Child,
    port: String,
}

impl GitServer {
    /// Serves `project.git`, which has `part.git` as its submodule.
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]);
        openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
        run(openssl.arg("-out").arg(at("cert.pem")).arg("-keyout").arg(at("key.pem")));
        for name in ["part", "project"] {
            let work = at(name);
            git(home.path(), &["init", "-q", "-b", "main", name]);
            fs::write(work.join("file"), format!("{name}\n")).unwrap();
            if name == "project" {
                git(&work, &["submodule", "add", "-q", "../part.git", "part"]);
            }
            git(&work, &["add", "."]);
            git(&work, &["commit", "-q", "-m", "first"]);
            let bare = format!("{name}.git");
            git(home.path(), &["clone", "-q", "--bare", name, &bare]);
            // What is cloned from next is where the server has it.
            git(&at(&bare), &["config", "http.receivepack", "true"]);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images/https_git.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(home.path()).arg(at("cert.pem")).arg(at("key.pem"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { port: port.trim().to_owned(), home, process }
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.port)
    }

    /// What a client has to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.home.path().join("cert.pem")
    }

    /// The subjects of the project's commits, the newest first.
    pub(crate) fn commits(&self) -> Vec<String> {
        let log = git(&self.home.path().join("project.git"), &["log", "--format=%s", "main"]);
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn git(at: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "protocol.file.allow=always", "-c", "user.name=t"]);
    run(command.args(["-c", "user.email=t@localhost"]).args(words).current_dir(at))
}

fn run(command: &mut Command) -> String {
    testkit::Done::from(command.output().unwrap()).ok()
}
