//! Where the images are built: one after the other, with the cache that all of them share.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use testkit::{Done, Engine, ImageRegistry};

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

    /// `lightship image` with more words; gives what it printed.
    pub(crate) fn image(words: &[&str]) -> String {
        let mut command = Self::command(Path::new(env!("CARGO_BIN_EXE_lightship")));
        Done::from(command.arg("image").args(words).output().unwrap()).ok()
    }

    /// Builds an image of the repository from its lock.
    pub(crate) fn build(&self, name: &'static str) -> Image {
        let layout = self.place.path().join(name);
        let file = format!("images/{name}.toml");
        Self::image(&["build", "--quiet", "--locked", "-f", &file, "-o", layout.to_str().unwrap()]);
        Image { name, layout }
    }

    /// Builds an image and gives it to an engine; the name to run it by.
    pub(crate) fn load(&self, engine: &Engine, name: &str) -> String {
        let archive = self.place.path().join(format!("{name}.tar"));
        let (archive, file) = (archive.to_str().unwrap(), format!("images/{name}.toml"));
        let tag = format!("lightship-tests/{name}:test");
        let plain = ["--format", "docker-archive", "--compression", "none", "--tag", &tag];
        let what = ["build", "--quiet", "--locked", "-f", &file, "-o", archive];
        Self::image(&[&what[..], &plain].concat());
        engine.call(["load", "-q", "-i", archive]).ok();
        tag
    }

    /// A registry of images with its store in this workshop; nothing where there is no such
    /// program.
    pub(crate) fn registry(&self) -> Option<ImageRegistry> {
        let server = ImageRegistry::start(self.place.path());
        if server.is_none() {
            println!("not run: there is no `docker-registry` here");
        }
        server
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
    /// Where it lies, as an argument.
    pub(crate) fn layout(&self) -> &str {
        self.layout.to_str().unwrap()
    }

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
