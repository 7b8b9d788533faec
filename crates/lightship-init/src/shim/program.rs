//! The real program behind a shim.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::ShimError;
use crate::sys;

/// Runs scripts that do not say what runs them, as `execvp` does.
const SHELL: &str = "/bin/sh";

/// An installed program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(PathBuf);

/// The program `name` in the first of `dirs` that has it. This very program, under whatever
/// name, is none: it would be a shim.
pub fn look_up<D: AsRef<Path>>(dirs: &[D], name: &OsStr) -> Option<Program> {
    let itself = fs::metadata("/proc/self/exe").ok();
    let others = |path: &PathBuf| {
        let found = fs::metadata(path).ok();
        found.is_some_and(|found| {
            let runs = found.is_file() && found.permissions().mode() & 0o111 != 0;
            runs && !itself.as_ref().is_some_and(|itself| is_same(itself, &found))
        })
    };
    dirs.iter().map(|dir| dir.as_ref().join(name)).find(others).map(Program)
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

impl Program {
    /// The program at `path`.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Becomes the program, with `words` as its arguments and this process's environment with
    /// `exports` in it. Comes back only when that failed.
    pub fn execute(&self, words: &[OsString], exports: &[(&str, String)]) -> ShimError {
        let mut vars: Vec<(OsString, OsString)> = env::vars_os().collect();
        for (name, value) in exports {
            vars.retain(|(before, _)| before != name);
            vars.push((name.into(), value.into()));
        }
        let mut error = sys::execute(&self.0, words, &vars);
        if error.raw_os_error() == Some(libc::ENOEXEC) {
            let mut script = vec![OsString::from("sh"), self.0.clone().into_os_string()];
            script.extend(words.iter().skip(1).cloned());
            error = sys::execute(Path::new(SHELL), &script, &vars);
        }
        ShimError::Execute { path: self.0.clone(), source: error }
    }
}
