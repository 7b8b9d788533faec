//! One loader at a time in a tool directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use super::{ToolDir, disk};
use crate::error::{LoaderError, Result};

/// The right to change a tool directory, for as long as it lives. The lock file itself stays:
/// removing it would let two loaders lock two files.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: File,
}

impl DirLock {
    /// Takes the lock; while another process has it, tells `waiting` who, once, and waits.
    pub(crate) fn take(dir: &ToolDir, waiting: impl FnOnce(&str)) -> Result<Self> {
        let path = dir.lock();
        let mut file = open(&path).map_err(|error| LoaderError::io("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is a courtesy: unreadable, it stays empty.
                drop(file.read_to_string(&mut holder));
                waiting(holder.trim());
                file.lock().map_err(|error| LoaderError::io("lock", &path, error))?;
            }
            Err(TryLockError::Error(error)) => return Err(LoaderError::io("lock", &path, error)),
        }
        Ok(Self::held(file, &path))
    }

    /// Takes the lock if that takes no waiting.
    pub(crate) fn try_take(dir: &ToolDir) -> Option<Self> {
        let path = dir.lock();
        let file = open(&path).ok()?;
        file.try_lock().ok()?;
        Some(Self::held(file, &path))
    }

    fn held(mut file: File, path: &Path) -> Self {
        let holder = format!("process {}\n", std::process::id());
        let mut note = || {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(holder.as_bytes())
        };
        // A courtesy to those who wait: on a full disk the lock is as good without it.
        drop(disk::step("note-holder", path, &mut note));
        Self { _file: file }
    }

    /// Whether somebody has the lock right now.
    pub(crate) fn is_taken(dir: &ToolDir) -> bool {
        let Ok(file) = File::open(dir.lock()) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

fn open(path: &Path) -> io::Result<File> {
    disk::step("open-lock", path, || {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
    })
}
