//! A machine that lacks some programs: a search path of links to all the others, and a home of
//! its own.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) struct Machine {
    dir: TempDir,
}

/// What `./dist` has built.
fn shipped_init() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("LIGHTSHIP_INIT_BINARY")
        .map_or_else(|| root.join("target/dist/lightship-init"), PathBuf::from)
}

impl Machine {
    pub(crate) fn without(hidden: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(env!("CARGO_BIN_EXE_lightship"), bin.join("lightship")).unwrap();
        symlink(shipped_init(), bin.join("lightship-init")).unwrap();
        let mut seen: BTreeSet<_> = hidden.iter().map(Into::into).collect();
        seen.extend(["lightship", "lightship-init"].map(Into::into));
        for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let runs = fs::metadata(entry.path())
                    .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
                if runs && seen.insert(entry.file_name()) {
                    symlink(entry.path(), bin.join(entry.file_name())).unwrap();
                }
            }
        }
        fs::create_dir(dir.path().join("home")).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn tool_dir(&self) -> PathBuf {
        self.path().join("data/lightship/tools")
    }

    /// A command as the user of this machine would start it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("PATH", self.path().join("bin"))
            .env("HOME", self.path().join("home"))
            .env("XDG_DATA_HOME", self.path().join("data"))
            .current_dir(self.path());
        // What rustup's wrappers and pip would find under the real home.
        let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
        if std::env::var_os("RUSTUP_HOME").is_none() && home.join(".rustup").is_dir() {
            command.env("RUSTUP_HOME", home.join(".rustup"));
        }
        for name in ["LOA_TOOL_DIR", "LOA_DEFERRED_TOOLS", "LOA_TOOL_TIMEOUT", "LOA_LISTEN"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs `script` in bash, and gives what it printed.
    pub(crate) fn bash(&self, script: &str) -> String {
        let output = self.command("bash").args(["-euc", script]).output();
        let output = output.unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "`{script}` ended with {}:\n{out}{err}", output.status);
        out
    }

    /// Names of the quickstart's tools.
    pub(crate) fn tools(&self) -> Vec<String> {
        let list = self.bash("lightship tools list --format json");
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let name = |tool: &serde_json::Value| tool["name"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(name).collect()
    }

    /// Runs a published program with what `lightship tools env` gives.
    pub(crate) fn runs(&self, program: &str) {
        let link = self.tool_dir().join("bin").join(program);
        assert!(link.is_symlink(), "{} is no link", link.display());
        let flag = if program == "pygmentize" { "-V" } else { "--version" };
        let printed = self.bash(&format!("eval \"$(lightship tools env)\"; {program} {flag}"));
        assert!(printed.contains('.'), "{program} printed {printed}");
    }

    /// The acts of the audit trail.
    pub(crate) fn audit(&self) -> Vec<String> {
        let text = fs::read_to_string(self.tool_dir().join("audit.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| line["act"].as_str().unwrap().to_owned())
            .collect()
    }
}
