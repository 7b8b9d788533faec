//! Asking the machine's `python3` what it is, and remembering the answer.
//!
//! A start with everything installed runs no child process, so the answer is kept with a
//! fingerprint of the program that gave it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ask::{ask, limit};
use crate::store::{ToolDir, replace};

/// A Python interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Python {
    /// The program that was found on `PATH`: a binary, or a wrapper like pyenv's.
    pub(crate) program: PathBuf,
    /// The interpreter itself.
    pub(crate) executable: PathBuf,
    /// `sys.implementation.cache_tag`: `cpython-311`.
    pub(crate) tag: String,
    fingerprint: Vec<String>,
}

impl Python {
    /// Whether its program is one of pyenv's wrappers: after an installation by pip that one
    /// writes into pyenv's own directories, where no installer may write.
    pub(crate) fn is_wrapped(&self) -> bool {
        pyenv_root(&self.program).is_some() && self.program != self.executable
    }
}

const QUESTION: &str = "import sys; print(sys.implementation.cache_tag); \
                        print(getattr(sys, '_base_executable', '') or sys.executable)";

/// The first `python3` on `path`, except in the folders `not_in`.
pub(crate) fn find(path: &str, not_in: &[PathBuf]) -> Option<PathBuf> {
    path.split(':')
        .filter(|folder| !folder.is_empty() && !not_in.iter().any(|own| own == Path::new(folder)))
        .map(|folder| Path::new(folder).join("python3"))
        .find(|program| crate::store::check::executable(program).is_some())
}

/// What `program` is: from memory if it is the program of last time, else by asking it. One that
/// gives no answer is asked again next time: what ails it may pass.
pub(crate) fn probe(dir: &ToolDir, program: &Path) -> Result<Python, String> {
    let fingerprint = fingerprint(program);
    let remembered: Option<Python> =
        fs::read(dir.python_probe()).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let fits = |python: &Python| python.program == program && python.fingerprint == fingerprint;
    if let Some(python) = remembered.filter(fits) {
        return Ok(python);
    }
    let python = told(program, fingerprint)?;
    if let Ok(text) = serde_json::to_vec_pretty(&python) {
        // Only a memory: without it the question is asked again next time.
        drop(replace(&dir.python_probe(), &text));
    }
    Ok(python)
}

/// What the interpreter `program` is, asked anew: one that is a tool needs no memory.
pub(crate) fn identify(program: &Path) -> Result<Python, String> {
    told(program, Vec::new())
}

fn told(program: &Path, fingerprint: Vec<String>) -> Result<Python, String> {
    let text = ask(program, QUESTION, limit())?;
    let mut lines = text.lines();
    let (Some(tag), Some(executable)) = (lines.next(), lines.next()) else {
        return Err(format!("{} does not say what it is", program.display()));
    };
    Ok(Python {
        program: program.to_owned(),
        tag: tag.to_owned(),
        executable: PathBuf::from(executable),
        fingerprint,
    })
}

/// Whatever decides which interpreter `program` runs: the file itself, and for pyenv's wrapper
/// the version files that it reads.
fn fingerprint(program: &Path) -> Vec<String> {
    let mut parts = vec![stamp(program)];
    if let Some(root) = pyenv_root(program) {
        parts.push(std::env::var("PYENV_VERSION").unwrap_or_default());
        parts.push(stamp(&root.join("version")));
        parts.push(stamp(Path::new(".python-version")));
    }
    parts
}

/// `ROOT` of `ROOT/shims/python3`, perhaps behind a link.
fn pyenv_root(program: &Path) -> Option<PathBuf> {
    let program = fs::canonicalize(program).ok()?;
    let shims = program.parent()?;
    shims.ends_with("shims").then(|| shims.parent())?.map(Path::to_owned)
}

fn stamp(path: &Path) -> String {
    match fs::metadata(path) {
        Ok(found) => {
            format!("{}:{}:{}.{}", found.ino(), found.len(), found.mtime(), found.mtime_nsec())
        }
        Err(_) => "absent".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pyenvs_wrapper_is_known_behind_a_link_too() {
        let root = tempfile::tempdir().unwrap();
        let shims = root.path().join("pyenv/shims");
        fs::create_dir_all(&shims).unwrap();
        fs::write(shims.join("python3"), "#!/bin/sh").unwrap();
        let link = root.path().join("python3");
        std::os::unix::fs::symlink(shims.join("python3"), &link).unwrap();
        let real = fs::canonicalize(root.path()).unwrap().join("pyenv");
        assert_eq!(pyenv_root(&link), Some(real));
        assert_eq!(pyenv_root(Path::new("/usr/bin/env")), None);
    }

    #[test]
    fn the_machines_python_is_asked_once_and_then_remembered() {
        let root = tempfile::tempdir().unwrap();
        let dir = ToolDir::make(root.path()).unwrap();
        let path = std::env::var("PATH").unwrap();
        let program = find(&path, &[dir.bin()]).expect("this test needs python3");
        let first = probe(&dir, &program).unwrap();
        assert!(first.tag.starts_with("cpython-"), "{first:?}");
        assert!(first.executable.is_file());
        // Another answer in the memory, for the same program: it is believed, not asked again.
        let changed = Python { tag: "cpython-1".into(), ..first.clone() };
        fs::write(dir.python_probe(), serde_json::to_vec(&changed).unwrap()).unwrap();
        assert_eq!(probe(&dir, &program).unwrap().tag, "cpython-1");
        // A memory of another program is not.
        let other = Python { fingerprint: vec![], ..changed };
        fs::write(dir.python_probe(), serde_json::to_vec(&other).unwrap()).unwrap();
        assert_eq!(probe(&dir, &program).unwrap().tag, first.tag);
    }
}
