//! A tool directory that is disturbed, and how it has to look in the end.

use std::fs;
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use lightship_model::event::What;
use lightship_model::state::ToolStatus;
use testkit::{Loader, Registry, Run, Sandbox, Tree};

use super::cell::{Cell, Kind, Step};
use crate::reader::{Expectation, reading};
use crate::support::{names, sandbox};
use crate::{deb, kinds};

/// Whether a program of that name may print that.
type Prints = Box<dyn Fn(&str, &str) -> bool + Sync>;

/// A sandbox with a manifest, what an undisturbed loader makes of it, and in which steps.
pub(super) struct Victim {
    pub(super) name: String,
    pub(super) sandbox: Sandbox,
    pub(super) steps: Vec<Step>,
    /// What a loader begins with: a copy of this directory, or nothing.
    base: Option<PathBuf>,
    /// Whether the base holds nothing broken, so that readers may believe its records.
    whole: bool,
    prints: Prints,
    undisturbed: Tree,
    /// Names in the directory's root and in `v1`.
    names: [Vec<String>; 2],
    _registry: Registry,
}

impl Victim {
    /// A tool of the source kind; what its client makes is recorded, and made from the record
    /// from then on: the loader's steps are the same, and it takes no seconds.
    pub(super) fn of_source(kind: &'static str) -> Self {
        let registry = Registry::start();
        let tool = kinds::tool(&registry, kind);
        Self::of_tool(kind, registry, &tool.replacen("]\n", "]\nretries = 0\n", 1))
    }

    /// A tool from Debian packages; nothing where none can be made.
    pub(super) fn of_debian() -> Option<Self> {
        let registry = Registry::start();
        let archive = deb::archive()?;
        archive.publish(&registry, "stable", |release| release);
        let tool = deb::tool("deb", &registry, &archive, "");
        Some(Self::of_tool("deb", registry, &tool))
    }

    /// The tool `kind`, of that kind, as `tool` describes it.
    fn of_tool(kind: &'static str, registry: Registry, tool: &str) -> Self {
        let mut sandbox = sandbox();
        sandbox.manifest(&format!("{}{tool}", registry.manifest()));
        let _run = sandbox.run().installed_all();
        let real = sandbox.installed_tree();
        record(&sandbox, kind);
        if kind == "pip" {
            // pip is asked for it otherwise, which takes longer than all else together.
            sandbox.set("UV_DEFAULT_INDEX", registry.url("/simple"));
        }
        // A script that runs by the package's own program prints where it lies.
        let prints = move |name: &str, text: &str| match name {
            "tinyscript" if kind == "deb" => text.ends_with("/bin/tinyscript\n"),
            _ => text.starts_with(&format!("{kind} works")),
        };
        let victim = Self::new(kind, sandbox, registry, None, true, Box::new(prints));
        assert_eq!(victim.undisturbed, real, "the record is what the client made");
        victim
    }

    /// The state that `sandbox` is in, as the beginning of a loader with `manifest`.
    pub(super) fn from_here(
        name: &str,
        sandbox: Sandbox,
        manifest: &str,
        whole: bool,
        prints: impl Fn(&str, &str) -> bool + Sync + 'static,
    ) -> Self {
        let base = sandbox.path("base");
        copy(&sandbox.dir(), &base);
        sandbox.manifest(manifest);
        Self::new(name, sandbox, Registry::start(), Some(base), whole, Box::new(prints))
    }

    fn new(
        name: &str,
        sandbox: Sandbox,
        registry: Registry,
        base: Option<PathBuf>,
        whole: bool,
        prints: Prints,
    ) -> Self {
        let mut victim = Self {
            name: name.to_owned(),
            sandbox,
            steps: Vec::new(),
            base,
            whole,
            prints,
            undisturbed: Tree::new(),
            names: [Vec::new(), Vec::new()],
            _registry: registry,
        };
        victim.reset();
        let list = victim.sandbox.path("steps");
        let run = victim.run_with("LIGHTSHIP_STEPS", list.to_str().unwrap());
        let _run = run.installed_all();
        victim.steps = Step::read(&fs::read_to_string(list).unwrap());
        victim.undisturbed = victim.sandbox.installed_tree();
        victim.names = victim.names();
        victim
    }

    /// Disturbs one step of a loader, lets another one finish, and looks all the time.
    pub(super) fn disturb(&self, cell: &Cell<'_>) {
        let when = format!("{}: {cell}", self.name);
        self.reset();
        let expectation = Expectation { prints: &*self.prints, records: self.whole };
        let restarted = reading(&self.sandbox, &expectation, &when, || {
            let run = self.run_with("LIGHTSHIP_STEP", &cell.order());
            assert_ended_as(&run, cell.kind, &when);
            self.sandbox.run()
        });
        self.assert_as_undisturbed(restarted, cell.kind == Kind::KillWithin, &when);
    }

    /// Begins anew, in a new container.
    pub(super) fn reset(&self) {
        let dir = self.sandbox.dir();
        for path in [&dir, &self.sandbox.local()] {
            if path.exists() {
                fs::remove_dir_all(path).unwrap();
            }
        }
        if let Some(base) = &self.base {
            copy(base, &dir);
        }
    }

    fn run_with(&self, name: &str, value: &str) -> Run {
        let mut command = self.sandbox.loader();
        command.env(name, value);
        Loader::start(command).finish()
    }

    fn names(&self) -> [Vec<String>; 2] {
        [names(&self.sandbox.dir()), names(&self.sandbox.dir().join("v1"))]
    }

    /// Asserts that the last run came to the end of an undisturbed one.
    pub(super) fn assert_as_undisturbed(&self, run: Run, torn: bool, when: &str) {
        let run = run.ended_well();
        assert_eq!(self.sandbox.installed_tree(), self.undisturbed, "{when}");
        assert_eq!(self.names(), self.names, "{when}");
        for (name, tool) in self.sandbox.state().tools {
            assert_eq!((tool.status, tool.error), (ToolStatus::Installed, None), "{when}: {name}");
        }
        let failed = run.changes().find(|change| change.status == ToolStatus::Failed);
        assert!(failed.is_none(), "{when}: {failed:?}");
        assert_chain(&self.sandbox.dir().join("audit.jsonl"), torn, when);
    }
}

/// Asserts that a disturbed loader died as ordered, or said what was wrong and ended well.
fn assert_ended_as(run: &Run, kind: Kind, when: &str) {
    let Some(errno) = kind.errno() else {
        return assert_eq!(run.exit.code(), 137, "{when}: {run:#?}");
    };
    assert_eq!(run.stderr, "", "{when}");
    let code = run.exit.code();
    assert!([0, 70, 73].contains(&code), "{when}: {run:#?}");
    let reason = format!("(os error {errno})");
    if code == 0 {
        let complete = matches!(run.events.last().unwrap().what, What::LoadComplete { .. });
        assert!(complete, "{when}: {run:#?}");
        for change in run.changes().filter(|change| change.status == ToolStatus::Failed) {
            let error = change.error.as_deref().unwrap_or_default();
            assert!(error.contains(&reason), "{when}: {error}");
        }
    } else {
        let said = run
            .warnings()
            .iter()
            .any(|text| text.starts_with("the loader can't work: ") && text.contains(&reason));
        assert!(said, "{when}: {run:#?}");
    }
}

/// Asserts that each line of the audit trail carries the digest of the one before. `torn` lets
/// one line be the first half of one.
fn assert_chain(path: &Path, torn: bool, when: &str) {
    let text = fs::read(path).unwrap();
    let mut prev = Digest::of(b"");
    let mut halves = 0;
    for line in text.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n') {
        match serde_json::from_slice::<serde_json::Value>(line) {
            Ok(act) => assert_eq!(act["prev"], prev.as_str(), "{when}: the chain is broken"),
            Err(_) => halves += 1,
        }
        prev = Digest::of(line);
    }
    assert!(halves <= u32::from(torn), "{when}: {halves} lines are torn");
}

/// Puts a client in front of the kind's own that makes what that made just now.
fn record(sandbox: &Sandbox, kind: &str) {
    let record = sandbox.path("record");
    copy(&sandbox.prefix(kind), &record);
    let again = format!("cp -a '{}/.' \"$PREFIX/\"", record.display());
    match kind {
        "cargo" => {
            let said = "echo '  Installing tinycargo v1.0.0'";
            sandbox.machine_program("cargo", &format!("{again} && {said}"));
        }
        "npm" => {
            // The loader's own work.
            fs::remove_dir_all(record.join("bin")).unwrap();
            sandbox.machine_program("npm", &again);
        }
        "pip" => {
            // Its programs name the prefix, which is another one in the local directory.
            let prefix = sandbox.prefix(kind);
            let moved = format!(
                "find \"$PREFIX/bin\" -type f -exec sed -i \"s|{}|$PREFIX|g\" {{}} +",
                prefix.display()
            );
            let work = format!("{{ {again} && {moved}; }}");
            sandbox.machine_program("uv", &format!("[ \"$1\" = venv ] || {work}"));
        }
        _ => {}
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}
