//! The machine's Python: which it is, and how libraries get into it.
//!
//! Tools of the kind "library" are made importable through one directory on `PYTHONPATH` that
//! holds a `sitecustomize.py`: no file of the user's or the system's Python is touched, and
//! taking the directory off `PYTHONPATH` takes everything back.

mod ask;
mod probe;

use std::fs;
use std::io;
use std::path::Path;

pub(crate) use self::probe::{Python, find, identify, probe};
use crate::store::replace;

/// The machine's Python, as far as a manifest needs one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) python: Option<Python>,
    /// Why the one that is there can't be used.
    pub(crate) fault: Option<String>,
}

const HOOK: &str = include_str!("sitecustomize.py");

/// Puts the hook into `folder`, unless it is there already.
pub(crate) fn write_hook(folder: &Path) -> io::Result<()> {
    let path = folder.join("sitecustomize.py");
    if fs::read(&path).is_ok_and(|there| there == HOOK.as_bytes()) {
        return Ok(());
    }
    replace(&path, HOOK.as_bytes())
}
