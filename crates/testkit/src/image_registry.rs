//! A registry of images on the loopback: Debian's `docker-registry`, a real server.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// `p`, as `htpasswd -B` writes it.
const PASSWORD: &str = "$2y$04$abcdefghijklmnopqrstuudMegMbPN37MbpdEfAtP66w1z0RBCtLG";

/// A running registry; it ends when it is dropped.
#[derive(Debug)]
pub struct ImageRegistry {
    process: Child,
    pub port: u16,
}

impl ImageRegistry {
    /// Starts one that keeps its images in `dir`; nothing where there is no such program.
    pub fn start(dir: &Path) -> Option<Self> {
        Self::with(dir, "")
    }

    /// One that lets in the user `u` with the password `p` alone.
    pub fn with_password(dir: &Path) -> Option<Self> {
        let users = dir.join("users");
        fs::write(&users, format!("u:{PASSWORD}\n")).unwrap();
        Self::with(dir, &format!("auth: {{htpasswd: {{realm: x, path: {}}}}}\n", users.display()))
    }

    fn with(dir: &Path, more: &str) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let store = dir.join("registry");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '127.0.0.1:{port}', secret: x}}\n{more}",
            store.display()
        );
        let path = dir.join("registry.yml");
        fs::write(&path, config).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&path).stdin(Stdio::null());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let registry = Self { process, port };
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "the registry does not start");
            thread::sleep(Duration::from_millis(20));
        }
        Some(registry)
    }

    /// The image `rest` of it, as in `team/worker:1.0`.
    pub fn name(&self, rest: &str) -> String {
        format!("127.0.0.1:{}/{rest}", self.port)
    }
}

impl Drop for ImageRegistry {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
