//! A directory of a test's own: a manifest, a tool directory, a home, and an environment that
//! holds nothing of the machine's but the search path and where its clients find themselves.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lightship_model::digest::Digest;
use lightship_model::receipt::Receipt;
use lightship_model::state::{LoaderState, ToolStatus};
use lightship_model::toolenv::{self, Roots};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Loader, Run, Tree, files_with_digests, groups, process};

/// What of this process's environment a loader in a sandbox has too. rustup's `cargo` needs to
/// know where the toolchains are, as `HOME` is another one.
const KEPT: [&str; 5] =
    ["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];

/// A test's own world, gone when the test is over.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
    program: PathBuf,
    vars: BTreeMap<OsString, OsString>,
}

impl Sandbox {
    /// A sandbox in which `program` is the loader.
    pub fn new(program: &str) -> Self {
        let root = TempDir::with_prefix("lightship-").unwrap();
        let mut vars: BTreeMap<OsString, OsString> = KEPT
            .iter()
            .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
            .collect();
        let rustup = Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".rustup");
        if rustup.is_dir() {
            vars.entry("RUSTUP_HOME".into()).or_insert_with(|| rustup.into());
        }
        vars.insert("LANG".into(), "C.UTF-8".into());
        let mut sandbox = Self { program: program.into(), vars, root };
        for folder in ["home", "machine"] {
            fs::create_dir(sandbox.path(folder)).unwrap();
        }
        sandbox.set("HOME", sandbox.path("home"));
        sandbox.set("LOA_LOCAL_DIR", sandbox.local());
        sandbox.set("LIGHTSHIP_BAKED_DIR", sandbox.path("baked"));
        sandbox.put_on_path(&sandbox.path("machine"));
        sandbox
    }

    /// A path in the sandbox.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The tool directory.
    pub fn dir(&self) -> PathBuf {
        self.path("tools")
    }

    /// The local directory: what the tool directory can't hold goes into `tools` in it.
    pub fn local(&self) -> PathBuf {
        self.path("local")
    }

    /// Sets a variable of the loader's environment.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.vars.insert(name.into(), value.into());
    }

    /// Leaves the loader no place beside the tool directory: what does not fit there fails.
    pub fn without_local(&mut self) {
        let file = self.path("no-directory");
        fs::write(&file, "").unwrap();
        self.set("LOA_LOCAL_DIR", file);
    }

    /// Takes a variable out of the loader's environment.
    pub fn unset(&mut self, name: &str) {
        self.vars.remove(OsStr::new(name));
    }

    /// Puts `folder` first on the search path.
    pub fn put_on_path(&mut self, folder: &Path) {
        let mut path = folder.as_os_str().to_owned();
        path.push(":");
        path.push(&self.vars[OsStr::new("PATH")]);
        self.set("PATH", path);
    }

    /// The program `name` on the sandbox's search path.
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        let path = self.vars.get(OsStr::new("PATH"))?;
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|path| path.is_file())
    }

    /// Writes the manifest.
    pub fn manifest(&self, text: &str) {
        fs::write(self.path("lightship.toml"), text).unwrap();
    }

    /// Puts a shell script on the search path, as a program that the machine has; gives its
    /// path.
    pub fn machine_program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path("machine").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A command in the loader's environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.vars).current_dir(self.root.path()).stdin(Stdio::null());
        command
    }

    /// Where tools go that the tool directory can't hold.
    pub fn local_tools(&self) -> PathBuf {
        self.local_tools_of(&self.dir())
    }

    /// The same for the tool directory `dir`.
    pub fn local_tools_of(&self, dir: &Path) -> PathBuf {
        let var = |name: &str| self.vars.get(OsStr::new(name))?.to_str().map(str::to_owned);
        Roots::new(&dir.display().to_string(), 0, var).local_tools().into()
    }

    /// The command that is the loader.
    pub fn loader(&self) -> Command {
        let mut command = self.command(&self.program);
        command.args(["run", "--manifest"]).arg(self.path("lightship.toml"));
        command.arg("--tool-dir").arg(self.dir());
        command
    }

    /// Starts the loader.
    pub fn start(&self) -> Loader {
        Loader::start(self.loader())
    }

    /// Runs the loader to its end.
    pub fn run(&self) -> Run {
        self.start().finish()
    }

    /// Runs the loader so that it dies by SIGKILL at a point of its source
    /// (`crates/lightship-loader/src/fault.rs`); false if it came to its end without reaching it.
    pub fn run_killed_at(&self, point: &str) -> bool {
        let marker = self.path(&format!("killed-at-{}", point.replace(':', "-")));
        drop(fs::remove_file(&marker));
        let mut command = self.loader();
        command.env("LIGHTSHIP_FAULT", format!("{point}:{}", marker.display()));
        let run = Loader::start(command).finish();
        let reached = marker.exists();
        assert_eq!(reached, run.exit.code() == 137, "{point}: {run:#?}");
        reached
    }

    /// A command with the environment that the service has: published tools are found.
    pub fn service(&self, program: impl AsRef<OsStr>) -> Command {
        let dir = self.dir().display().to_string();
        let var = |name: &str| self.vars.get(OsStr::new(name))?.to_str().map(str::to_owned);
        let exports = toolenv::exports(&Roots::new(&dir, 0, var), var);
        let mut command = self.command(program);
        command.envs(exports);
        command
    }

    /// What the published program `name` prints.
    #[track_caller]
    pub fn output_of(&self, name: &str) -> String {
        output(&mut self.service(self.dir().join("bin").join(name)))
    }

    /// `loader-state.json` as text.
    pub fn state_text(&self) -> String {
        fs::read_to_string(self.dir().join("loader-state.json")).unwrap()
    }

    /// `loader-state.json`.
    pub fn state(&self) -> LoaderState {
        serde_json::from_str(&self.state_text()).unwrap()
    }

    /// The receipts by tool, with the files they are in.
    pub fn receipts(&self) -> BTreeMap<String, (PathBuf, Receipt)> {
        let Ok(entries) = fs::read_dir(self.dir().join("v1/receipts")) else {
            return BTreeMap::new();
        };
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| {
                let receipt: Receipt = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                (receipt.name.to_string(), (path, receipt))
            })
            .collect()
    }

    /// Where the tool `name` is installed.
    pub fn prefix(&self, name: &str) -> PathBuf {
        self.dir().join("v1/store").join(self.receipts()[name].1.slug())
    }

    /// The whole output of the installers of tool `name`.
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.dir().join(format!("v1/logs/{name}.log"))).unwrap()
    }

    /// The audit trail; panics where its chain is broken.
    #[track_caller]
    pub fn audit(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.dir().join("audit.jsonl")).unwrap_or_default();
        let mut prev = Digest::of(b"");
        let mut acts = Vec::new();
        for line in text.lines() {
            let act: Value = serde_json::from_str(line).unwrap();
            assert_eq!(act["prev"], prev.as_str(), "the chain is broken at {line}");
            prev = Digest::of(line.as_bytes());
            acts.push(act);
        }
        acts
    }

    /// The acts of one kind, each as the name of its tool.
    #[track_caller]
    pub fn acts(&self, kind: &str) -> Vec<String> {
        let acts = self.audit();
        let names = acts.iter().filter(|act| act["act"] == kind);
        names.map(|act| act["tool"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// What is installed, as far as it is the same after every install: the store's files, the
    /// links to them, the names of the receipts, and that nothing else is left in between.
    pub fn installed_tree(&self) -> Tree {
        let mut tree = Tree::new();
        for folder in ["bin", "python", "v1/store", "v1/stage"] {
            for (path, content) in files_with_digests(&self.dir().join(folder)) {
                tree.insert(format!("{folder}/{path}"), content);
            }
        }
        for path in files_with_digests(&self.dir().join("v1/receipts")).into_keys() {
            tree.insert(format!("v1/receipts/{path}"), "a receipt".to_owned());
        }
        tree
    }

    /// Panics if anything looks installed that is not: links that run nothing, receipts without
    /// their programs, a state file that says more than the receipts.
    #[track_caller]
    pub fn assert_honest(&self, when: &str) {
        for entry in fs::read_dir(self.dir().join("bin")).into_iter().flatten() {
            let link = entry.unwrap().path();
            let ran = self.service(&link).output();
            assert!(ran.is_ok_and(|ran| ran.status.success()), "{when}: {} fails", link.display());
        }
        let receipts = self.receipts();
        for (_, receipt) in receipts.values() {
            let prefix = self.dir().join("v1/store").join(receipt.slug());
            for entry in &receipt.bins {
                let path = prefix.join(&entry.path);
                let size = fs::metadata(&path).map(|found| found.len()).ok();
                assert_eq!(size, Some(entry.size), "{when}: {} is not there", path.display());
            }
        }
        if let Ok(text) = fs::read_to_string(self.dir().join("loader-state.json")) {
            let state: LoaderState = serde_json::from_str(&text).unwrap();
            for (name, tool) in state.tools {
                let says = tool.status == ToolStatus::Installed;
                assert!(!says || receipts.contains_key(name.as_str()), "{when}: state of {name}");
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A loader that a test killed may have left installers, which would go on writing here.
        for pid in process::installers(&self.dir()) {
            process::kill(&pid);
        }
        groups::end(&self.dir());
    }
}

/// Runs `command`, which has to end well, and gives what it printed without the last newline.
#[track_caller]
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
