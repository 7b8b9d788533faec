//! Removing what a loader that died left behind. Only under the lock: nobody else is writing.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::ToolDir;
use super::atomic::is_aside;
use super::receipts::Receipts;
use crate::error::{LoaderError, Result};

/// The variable that marks an installer's processes; its value lies in the stage.
pub(crate) const MARK: &str = "LIGHTSHIP_STAGE";

/// Ends left-over installers, then removes prefixes without a receipt, all stages and files that
/// were never renamed; gives the names of the prefixes that it removed.
pub(crate) fn sweep(dir: &ToolDir, receipts: &Receipts) -> Result<Vec<String>> {
    end_strays(dir);
    let mut removed = Vec::new();
    for name in children(&dir.store())? {
        if !receipts.by_slug.contains_key(&name) {
            remove_tree(&dir.prefix(&name))?;
            removed.push(name);
        }
    }
    for name in children(&dir.stage())? {
        remove_tree(&dir.stage().join(name))?;
    }
    for folder in [dir.root().to_owned(), dir.python(), dir.v1(), dir.receipts()] {
        for path in children(&folder)?.into_iter().map(|name| folder.join(name)) {
            if is_aside(&path) {
                remove_tree(&path)?;
            }
        }
    }
    Ok(removed)
}

/// How long killed processes have to die: idle ones die late, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// Kills processes whose environment says that they install into this directory (their loader
/// is dead, or it would hold the lock that we hold), until there are none: what they still write
/// must not land in the next attempt, and they may be starting others.
fn end_strays(dir: &ToolDir) {
    let mark = format!("{MARK}={}/", dir.stage().display());
    let until = Instant::now() + PATIENCE;
    loop {
        let strays = marked(&mark);
        if strays.is_empty() || Instant::now() >= until {
            return;
        }
        for pid in strays {
            // It may have ended by itself in between.
            kill_process(pid, Signal::KILL).unwrap_or_default();
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// The living processes with `mark` in their environment. A dead one that nobody has waited for
/// has no environment any more.
fn marked(mark: &str) -> Vec<Pid> {
    let own = rustix::process::getpid();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let strays = processes.filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let environ = fs::read(entry.path().join("environ")).ok()?;
        let mut vars = environ.split(|byte| *byte == 0);
        (pid != own && vars.any(|var| var.starts_with(mark.as_bytes()))).then_some(pid)
    });
    strays.collect()
}

fn children(dir: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(dir).map_err(|error| LoaderError::io("read", dir, error))?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// Removes a file or a tree, read-only directories included; nothing there is no error.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.is_dir() {
        return fs::remove_file(path).map_err(|error| LoaderError::io("remove", path, error));
    }
    if fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    // Some installers make directories read-only, which stops everybody but root.
    make_writable(path);
    fs::remove_dir_all(path).map_err(|error| LoaderError::io("remove", path, error))
}

fn make_writable(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    drop(fs::set_permissions(dir, fs::Permissions::from_mode(0o700)));
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}
