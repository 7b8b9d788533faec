//! One loader at a time in a tool directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};

use super::ToolDir;
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
        let fail = |what| {
            let path = path.clone();
            move |source| LoaderError::Io { what, path, source }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is a courtesy: unreadable, it stays empty.
                drop(file.read_to_string(&mut holder));
                waiting(holder.trim());
                file.lock().map_err(fail("lock"))?;
            }
            Err(TryLockError::Error(error)) => return Err(fail("lock")(error)),
        }
        let holder = format!("process {}\n", std::process::id());
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(holder.as_bytes()));
        noted.map_err(fail("write"))?;
        Ok(Self { _file: file })
    }

    /// Whether somebody has the lock right now.
    pub(crate) fn is_taken(dir: &ToolDir) -> bool {
        let Ok(file) = File::open(dir.lock()) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}
