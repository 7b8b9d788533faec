//! One loader at a time in a tool directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;

use super::lease::{Hold, Lease};
use super::volume::{boot_id, secure_local};
use super::{ToolDir, disk, lease};
use crate::error::{LoaderError, Result};

/// What keeps a second loader out.
#[derive(Clone, Debug)]
pub(crate) enum Locking {
    /// A file that is locked, on the volume itself.
    Flock,
    /// Locks on the volume reach not everybody who can write to it: a lease that is renewed,
    /// beside what locks there are, and a lock in `local` for this container.
    Lease { flock: bool, local: PathBuf },
}

/// The right to change a tool directory, for as long as it lives. The lock file itself stays:
/// removing it would let two loaders lock two files.
#[derive(Debug)]
pub(crate) struct DirLock {
    // First: whoever gets the files next must find no lease.
    lease: Option<Lease>,
    _files: Vec<File>,
}

impl DirLock {
    /// Takes the lock if that takes no waiting. A lease is not taken for that: finding out whether
    /// its holder lives takes a while.
    pub(crate) fn try_take(dir: &ToolDir, locking: &Locking) -> Option<Self> {
        let Locking::Flock = locking else { return None };
        let path = dir.lock();
        let file = open(&path).ok()?;
        file.try_lock().ok()?;
        Some(Self { lease: None, _files: vec![noted(file, &path)] })
    }

    /// Takes the lock; while another process has it, tells `waiting` who, and waits. `lost` is
    /// called if it is taken away: nothing may be written any more.
    pub(crate) fn take(
        dir: &ToolDir,
        locking: &Locking,
        waiting: &dyn Fn(&str),
        lost: impl FnOnce() + Send + 'static,
    ) -> Result<Self> {
        let (flock, local) = match locking {
            Locking::Flock => {
                let file = lock_file(&dir.lock(), waiting)?;
                return Ok(Self { lease: None, _files: vec![file] });
            }
            Locking::Lease { flock, local } => (*flock, local),
        };
        let mut files = Vec::new();
        // Without a local directory the lease alone has to do.
        if secure_local(local).is_ok() {
            let name = Digest::of(dir.root().as_os_str().as_encoded_bytes());
            let path = local.join(format!("lock-{}", &name.as_str()[..12]));
            files.push(lock_file(&path, waiting)?);
        }
        if flock {
            files.push(lock_file(&dir.lock(), waiting)?);
        }
        let path = dir.lease();
        let lease = Lease::take(&path, waiting, lost).map_err(|source| LoaderError::Io {
            what: "take the lease",
            path,
            source,
        })?;
        Ok(Self { lease: Some(lease), _files: files })
    }

    /// What tells whether it is had still; nothing where it can't be taken away.
    pub(crate) fn hold(&self) -> Option<Hold> {
        self.lease.as_ref().map(|lease| lease.hold().clone())
    }

    /// Whether somebody has the lock right now.
    pub(crate) fn is_taken(dir: &ToolDir) -> bool {
        Self::taken_by(dir).is_some()
    }

    /// Who has the lock right now, as far as that can be told: by a lock, or by a lease.
    pub(crate) fn taken_by(dir: &ToolDir) -> Option<String> {
        let locked = File::open(dir.lock())
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
        if locked {
            // Who it is, is a courtesy.
            let holder = fs::read_to_string(dir.lock()).unwrap_or_default();
            return Some(holder.trim().to_owned());
        }
        lease::holder_of(&dir.lease())
    }
}

fn open(path: &Path) -> io::Result<File> {
    disk::step("open-lock", path, || {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
    })
}

fn lock_file(path: &Path, waiting: &dyn Fn(&str)) -> Result<File> {
    let fail = |what| move |source| LoaderError::Io { what, path: path.to_owned(), source };
    let mut file = open(path).map_err(fail("open"))?;
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
    Ok(noted(file, path))
}

/// The locked file, which says who locked it.
fn noted(mut file: File, path: &Path) -> File {
    let mut note = || {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(format!("{}\n", holder()).as_bytes())
    };
    // A courtesy to those who wait: on a full disk the lock is as good without it.
    drop(disk::step("note-holder", path, &mut note));
    file
}

/// This process, for somebody who waits for it, perhaps in another container.
pub(crate) fn holder() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let boot = boot_id();
    let boot = boot.get(..8).unwrap_or("unknown");
    format!("process {} on {}, boot {boot}", std::process::id(), host.trim())
}
