//! A signed archive of Debian packages, made by dpkg and gpg themselves.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use lightship_model::digest::Digest;
use tempfile::TempDir;

use crate::Server;

/// What a package holds at a path.
#[derive(Clone, Debug)]
pub enum DebFile {
    Plain(Vec<u8>),
    Program(Vec<u8>),
    Link(String),
}

/// An archive with a key of its own.
#[derive(Debug)]
pub struct DebianArchive {
    place: TempDir,
    packages: String,
    pool: Vec<(String, Vec<u8>)>,
}

impl DebianArchive {
    /// An archive without packages; nothing where gpg or dpkg-deb is not installed.
    pub fn new() -> Option<Self> {
        let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !there("gpg") || !there("dpkg-deb") {
            return None;
        }
        let place = TempDir::with_prefix("lightship-archive-").unwrap();
        let archive = Self { place, packages: String::new(), pool: Vec::new() };
        archive.gpg(&["--quick-generate-key", "archive", "ed25519", "sign", "1d"]);
        Some(archive)
    }

    fn gpg(&self, arguments: &[&str]) -> Vec<u8> {
        let home = self.place.path().join("gpg");
        if !home.exists() {
            fs::create_dir(&home).unwrap();
            fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        }
        let mut command = Command::new("gpg");
        command.env("GNUPGHOME", home).args(["--batch", "--yes", "--quiet"]);
        command.args(["--pinentry-mode", "loopback", "--passphrase", ""]).args(arguments);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output.stdout
    }

    /// The certificate of whoever signs it, armoured.
    pub fn key(&self) -> String {
        String::from_utf8(self.gpg(&["--armor", "--export", "archive"])).unwrap()
    }

    /// Adds a package; `fields` are further lines of its control file.
    pub fn package(&mut self, name: &str, version: &str, fields: &str, files: &[(&str, DebFile)]) {
        let source = self.place.path().join("source");
        drop(fs::remove_dir_all(&source));
        let write = |path: &Path, bytes: &[u8], mode: u32| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: m <m@m.m>\n\
             Installed-Size: 100\n{fields}Description: of a test\n"
        );
        write(&source.join("DEBIAN/control"), control.as_bytes(), 0o644);
        // Whoever runs it has failed the test.
        write(&source.join("DEBIAN/postinst"), b"#!/bin/sh\ntouch /tmp/ran-a-postinst\n", 0o755);
        for (path, file) in files {
            let path = source.join(path);
            match file {
                DebFile::Plain(bytes) => write(&path, bytes, 0o644),
                DebFile::Program(bytes) => write(&path, bytes, 0o755),
                DebFile::Link(target) => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    symlink(target, path).unwrap();
                }
            }
        }
        let file = self.place.path().join("built.deb");
        let mut build = Command::new("dpkg-deb");
        build.args(["--root-owner-group", "-Zxz", "-z1", "-b"]).arg(&source).arg(&file);
        let done = build.output().unwrap();
        assert!(done.status.success(), "{done:?}");
        self.add(name, version, &control, fs::read(&file).unwrap());
    }

    /// Adds `bytes` as a package, whatever they are; nobody but the archive vouches for them.
    pub fn raw_package(&mut self, name: &str, version: &str, bytes: Vec<u8>) {
        let control = format!("Package: {name}\nVersion: {version}\nArchitecture: all\n");
        self.add(name, version, &control, bytes);
    }

    fn add(&mut self, name: &str, version: &str, control: &str, bytes: Vec<u8>) {
        let filename = format!("pool/main/{name}_{version}.deb");
        let (size, digest) = (bytes.len(), Digest::of(&bytes));
        let control = control.trim_end();
        let digest = digest.as_str();
        self.packages += control;
        self.packages += "\nFilename: ";
        self.packages +=
            &[&filename, "\nSize: ", &size.to_string(), "\nSHA256: ", digest, "\n\n"].concat();
        self.pool.push((filename, bytes));
    }

    /// Serves it at `/debian` as the suite `suite`; `change` may alter what is to be signed.
    pub fn publish(&self, server: &Server, suite: &str, change: impl Fn(String) -> String) {
        self.publish_at(server, "/debian", suite, change);
    }

    /// Like [`publish`](Self::publish), at the path `root`.
    pub fn publish_at(
        &self,
        server: &Server,
        root: &str,
        suite: &str,
        change: impl Fn(String) -> String,
    ) {
        for (filename, bytes) in &self.pool {
            server.put(&format!("{root}/{filename}"), "application/octet-stream", bytes.clone());
        }
        let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let list = format!("main/binary-{arch}/Packages");
        let digest = Digest::of(self.packages.as_bytes());
        let mut date = Command::new("date");
        date.env("LC_ALL", "C").args(["-u", "+%a, %d %b %Y %H:%M:%S UTC"]);
        let date = date.output().unwrap().stdout;
        let date = String::from_utf8(date).unwrap();
        let release = format!(
            "Origin: Test\nSuite: {suite}\nCodename: {suite}\nDate: {date}Acquire-By-Hash: yes\n\
             Architectures: {arch}\nComponents: main\nSHA256:\n {} {} {list}\n",
            digest.as_str(),
            self.packages.len(),
        );
        let base = format!("{root}/dists/{suite}");
        let folder = list.trim_end_matches("Packages");
        let by_hash = format!("{base}/{folder}by-hash/SHA256/{}", digest.as_str());
        server.put(&by_hash, "text/plain", self.packages.clone());
        let file = self.place.path().join("Release");
        fs::write(&file, change(release)).unwrap();
        let signed = self.gpg(&["--output", "-", "--clear-sign", file.to_str().unwrap()]);
        server.put(&format!("{base}/InRelease"), "text/plain", signed);
    }
}

impl Drop for DebianArchive {
    fn drop(&mut self) {
        // The agent that gpg has started would go on living.
        let mut kill = Command::new("gpgconf");
        kill.env("GNUPGHOME", self.place.path().join("gpg")).args(["--kill", "all"]);
        drop(kill.output());
    }
}
