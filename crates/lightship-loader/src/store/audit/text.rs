//! The trail's files, and the lines in them.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use crate::store::ToolDir;

/// The files of the trail in their order: those that were closed, by the number of their first
/// line, then the one that is open. Only those that exist.
pub(crate) fn files(dir: &ToolDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.root()).into_iter().flatten().flatten();
    let mut closed: Vec<(u64, PathBuf)> =
        entries.filter_map(|entry| Some((first(&entry.path())?, entry.path()))).collect();
    closed.sort();
    let open = Some(dir.audit()).filter(|path| path.exists());
    closed.into_iter().map(|(_, path)| path).chain(open).collect()
}

/// The number in a closed file's name.
fn first(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("audit-")?.strip_suffix(".jsonl")?.parse().ok()
}

/// A line as it stands in a file.
pub(crate) struct Raw {
    /// Without its newline.
    pub(crate) bytes: Vec<u8>,
    /// Whether it has one.
    pub(crate) ended: bool,
}

/// Calls `take` with every line of the trail.
pub(crate) fn lines(dir: &ToolDir, mut take: impl FnMut(Raw)) -> io::Result<()> {
    for path in files(dir) {
        let mut reader = BufReader::new(fs::File::open(path)?);
        loop {
            let mut bytes = Vec::new();
            if reader.read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            let ended = bytes.last() == Some(&b'\n');
            if ended {
                bytes.pop();
            }
            take(Raw { bytes, ended });
        }
    }
    Ok(())
}
