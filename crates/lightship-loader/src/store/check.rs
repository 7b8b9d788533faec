//! Does a receipt hold? A few `statx` calls a tool; nothing is run and no tree is walked.

use std::fs::{self, Metadata};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lightship_model::receipt::{Entry, LAYOUT, Receipt};

use super::ToolDir;

/// Whether what `receipt` says is still there.
///
/// # Errors
/// What is missing or has changed, in words for a user.
pub(crate) fn holds(dir: &ToolDir, receipt: &Receipt) -> Result<(), String> {
    if receipt.layout != LAYOUT {
        return Err(format!("it was installed by layout {} of the store", receipt.layout));
    }
    let prefix = dir.prefix(&receipt.slug());
    if !receipt.pre_existing && !prefix.is_dir() {
        return Err("its directory is gone".to_owned());
    }
    for entry in &receipt.bins {
        let path = target(dir, receipt, entry);
        let metadata = executable(&path)
            .ok_or_else(|| format!("its program `{}` is gone or can't be executed", entry.name))?;
        // A program that was there before belongs to somebody who may have renewed it.
        if !receipt.pre_existing && metadata.len() != entry.size {
            return Err(format!("its program `{}` was changed", entry.name));
        }
        if is_foreign(&path) {
            return Err(format!("its program `{}` is for another processor", entry.name));
        }
    }
    if let Some(python) = &receipt.python
        && !prefix.join(&python.site).is_dir()
    {
        return Err("its Python packages are gone".to_owned());
    }
    if receipt.source == "pip"
        && !receipt.pre_existing
        && executable(&prefix.join("bin/python")).is_none()
    {
        return Err("the Python that it was installed for is gone".to_owned());
    }
    Ok(())
}

/// Whether `path` is an ELF program for another processor than this process's own: a volume may
/// have been filled on another machine.
fn is_foreign(path: &Path) -> bool {
    let machine = |path: &Path| -> Option<[u8; 2]> {
        let mut header = [0; 20];
        fs::File::open(path).ok()?.read_exact(&mut header).ok()?;
        header.starts_with(b"\x7fELF").then(|| [header[18], header[19]])
    };
    let Some(theirs) = machine(path) else { return false };
    machine(Path::new("/proc/self/exe")).is_some_and(|ours| ours != theirs)
}

/// Where a receipt's program lies.
pub(crate) fn target(dir: &ToolDir, receipt: &Receipt, entry: &Entry) -> PathBuf {
    // Joining an absolute path gives that path: right for pre-existing programs.
    dir.prefix(&receipt.slug()).join(&entry.path)
}

/// What lies at `path`, behind links, if it is a file that somebody may execute.
pub(crate) fn executable(path: &Path) -> Option<Metadata> {
    let metadata = fs::metadata(path).ok()?;
    (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then_some(metadata)
}
