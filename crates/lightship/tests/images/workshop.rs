//! Where the images are built: one after the other, with the cache that all of them share.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// Two builds at once would fetch the same files twice.
static ALONE: Mutex<()> = Mutex::new(());

pub(crate) struct Workshop {
    _alone: MutexGuard<'static, ()>,
    place: TempDir,
}

pub(crate) struct Image {
    name: &'static str,
    layout: PathBuf,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Workshop {
    /// Nothing, with a word why, where no registry is configured.
    pub(crate) fn open() -> Option<Self> {
        let apt = Path::new("/etc/apt");
        let mirror = apt.join("sources.list.d").exists()
            || apt.join("sources.list").exists()
            || std::env::var_os("LOA_DEBIAN_MIRROR").is_some();
        if !mirror {
            println!("not run: no mirror of Debian is configured");
            return None;
        }
        // A test that failed has left nothing that the next one uses.
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Self { _alone: alone, place: tempfile::tempdir().unwrap() })
    }

    /// A command with the cache, and with the runtime that `./dist` has built.
    fn command(program: &Path) -> Command {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-cache");
        let dist = std::env::var_os("LIGHTSHIP_INIT_BINARY")
            .and_then(|shipped| Path::new(&shipped).parent().map(Path::to_path_buf))
            .unwrap_or_else(|| repository().join("target/dist"));
        let mut command = Command::new(program);
        command.env("LOA_IMAGE_CACHE", cache).env("LIGHTSHIP_RUNTIME_DIR", dist);
        command.current_dir(repository()).stdin(Stdio::null());
        command
    }

    /// Builds an image of the repository from its lock.
    pub(crate) fn build(&self, name: &'static str) -> Image {
        let layout = self.place.path().join(name);
        let mut command = Self::command(Path::new(env!("CARGO_BIN_EXE_lightship")));
        command.args(["image", "build", "--locked", "-f"]).arg(format!("images/{name}.toml"));
        let done = command.arg("-o").arg(&layout).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{name} was not built:\n{told}");
        Image { name, layout }
    }

    /// The document's figures are those of the images.
    pub(crate) fn report_is_true(&self) {
        let mut command = Self::command(&repository().join("bench/worker-report"));
        command.args(["--check", "--binary", env!("CARGO_BIN_EXE_lightship")]);
        let done = command.env("TMPDIR", self.place.path()).output().unwrap();
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert!(done.status.success(), "docs/worker-image.md: run bench/worker-report\n{told}");
    }
}

impl Image {
    /// What `check` says, and its exit code.
    pub(crate) fn check(&self, budget: &str) -> (String, Option<i32>) {
        let mut command = Workshop::command(Path::new(env!("CARGO_BIN_EXE_lightship")));
        let command = command.args(["image", "check", "--budget", budget]).arg(&self.layout);
        let done = command.output().unwrap();
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (told, done.status.code())
    }

    pub(crate) fn keeps_to(&self, budget: &str) {
        let (said, code) = self.check(budget);
        println!("{said}");
        assert_eq!(code, Some(0), "{}: {said}", self.name);
        assert!(said.starts_with("GO"), "{said}");
    }

    pub(crate) fn keeps_to_its_budget(&self) {
        self.keeps_to(&format!("images/{}.budget.toml", self.name));
    }
}
