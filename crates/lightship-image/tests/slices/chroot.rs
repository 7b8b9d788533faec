//! Roots to run programs in: a root directory, with `/dev` and `/proc` of this machine, in a
//! mount namespace of its own.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lightship_image::build::cache::Cache;
use lightship_image::build::directory;
use lightship_image::build::make::{Request, make};
use tempfile::TempDir;

use crate::cases::Case;

/// Builds roots; packages that were fetched for one run are there for the next.
pub(crate) struct Chroots {
    cache: Cache,
}

pub(crate) struct Root {
    place: TempDir,
}

const ENTER: &str = "mount --rbind /dev \"$0/dev\" && mount --bind /proc \"$0/proc\" && \
                     root=$0 && exec chroot \"$root\" \"$@\"";

impl Chroots {
    /// Nothing, with a word why, where it can't be done.
    pub(crate) fn new() -> Option<Self> {
        let root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let mirror = Path::new("/etc/apt/sources.list.d").exists()
            || Path::new("/etc/apt/sources.list").exists()
            || std::env::var_os("LOA_DEBIAN_MIRROR").is_some();
        let unshare = Command::new("unshare").args(["-m", "true"]).status();
        if !root || !mirror || !unshare.is_ok_and(|status| status.success()) {
            println!("not run: it takes root, a mirror of Debian, and mount namespaces");
            return None;
        }
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-cache");
        Some(Self { cache: Cache::at(&cache).unwrap() })
    }

    pub(crate) fn build(&self, case: &Case) -> Root {
        let place = tempfile::tempdir().unwrap();
        let manifest = place.path().join("lightship.toml");
        let text = format!("[image]\nsuite = \"bookworm\"\npackages = [{}]\n", case.packages);
        fs::write(&manifest, text).unwrap();
        let lock = place.path().join("lock");
        let request = Request { manifest, lock, locked: false, upgrade: false };
        let built = make(&request, &self.cache, &|_| ());
        let built = built.unwrap_or_else(|error| panic!("{:?}: {error}", case.slices));
        let root = place.path().join("root");
        directory::write(&built.tree, &root, true).unwrap();
        for folder in ["dev", "proc", "tmp"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("input"), "1\n2\n3\n").unwrap();
        Root { place }
    }
}

impl Root {
    fn path(&self) -> std::path::PathBuf {
        self.place.path().join("root")
    }

    /// What a command prints, on either stream, and whether it ended well.
    pub(crate) fn run(&self, words: &[&str]) -> (String, bool) {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", ENTER]).arg(self.path()).args(words);
        command.env_clear().env("HOME", "/root").env("TERM", "dumb");
        command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").stdin(Stdio::null());
        for name in ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&text).into_owned(), output.status.success())
    }

    /// The machine's names and certificates: it may have authorities of its own.
    pub(crate) fn give_network(&self) {
        for file in ["etc/resolv.conf", "etc/hosts"] {
            drop(fs::copy(Path::new("/").join(file), self.path().join(file)));
        }
        let bundle = "etc/ssl/certs/ca-certificates.crt";
        let own = std::env::var("SSL_CERT_FILE").unwrap_or(format!("/{bundle}"));
        let mut all = fs::read(self.path().join(bundle)).unwrap();
        all.extend(fs::read(own).unwrap_or_default());
        fs::write(self.path().join(bundle), all).unwrap();
    }
}

/// Where npm would fetch from, if that is by https; with a slash at its end.
pub(crate) fn https_address() -> Option<String> {
    let output = Command::new("npm").args(["config", "get", "registry"]).output().ok()?;
    let address = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    let address = format!("{}/", address.trim_end_matches('/'));
    address.starts_with("https://").then_some(address)
}
