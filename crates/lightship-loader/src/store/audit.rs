//! `audit.jsonl`: one line an act, each with its number and the digest of the line before it.
//!
//! The chain shows an edit, a removal, another order. A cut end it can't show, so the newest
//! line's digest stands in a second file (`head`), and each receipt carries the digest of what
//! was newest when its tool was installed.

mod head;
mod tail;
mod text;
mod verify;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use lightship_model::digest::Digest;
use lightship_model::name::ToolName;
pub(crate) use lightship_model::receipt::AuditMark as Mark;
use lightship_model::time::Timestamp;
use lightship_model::volume::{Problem, Volume};
use serde::Serialize;

use self::head::HeadFile;
use self::tail::Tail;
use self::text::files;
pub(crate) use self::text::lines;
pub(crate) use self::verify::verify;
pub use self::verify::{Remark, Report};
use super::disk as fs;
use super::{ToolDir, disk};

/// A file of the trail that is longer than this is closed, and the next one begun.
const LONGEST: u64 = 8 << 20;

/// What was done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "act", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum Act {
    /// A loader began: how many tools are there, how many it will install.
    Start {
        installed: usize,
        to_install: usize,
    },
    /// Rubbish of a dead loader was removed.
    Sweep {
        prefixes: Vec<String>,
    },
    /// A file that could not be read was set aside.
    SetAside {
        file: String,
        reason: String,
    },
    /// A child process was run: the program, and what for.
    Run {
        tool: ToolName,
        program: String,
        purpose: &'static str,
    },
    Download {
        tool: ToolName,
        from: String,
        sha256: Digest,
        bytes: u64,
    },
    Install {
        tool: ToolName,
        version: String,
        key: String,
        attempt: u32,
    },
    Installed {
        tool: ToolName,
        version: String,
        key: String,
        took_ms: u64,
    },
    PreExisting {
        tool: ToolName,
        program: String,
    },
    Failed {
        tool: ToolName,
        attempt: u32,
        error: String,
    },
    Skipped {
        tool: ToolName,
        reason: String,
    },
    /// Somebody asked for a tool before its turn; `by` says who. The installer of `needed_by`
    /// waits for it.
    Promote {
        tool: ToolName,
        #[serde(skip_serializing_if = "Option::is_none")]
        needed_by: Option<ToolName>,
    },
    /// Another loader has the directory's lock.
    WaitForLock {
        holder: String,
    },
    /// The volume is not what tools can live on: where they go instead, if anywhere.
    Volume {
        problem: Problem,
        why: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        tools_dir: Option<String>,
    },
    /// A tool's receipt is there, and the manifest does not want it any more: its programs are
    /// published no longer.
    Retire {
        prefix: String,
    },
    /// The manifest wants again what it had retired.
    Unretire {
        prefix: String,
    },
    /// Tools were compared with what their receipts say; `deep`: every file of them.
    Verify {
        deep: bool,
        good: Vec<String>,
        damaged: Vec<String>,
    },
    /// What no longer held was given up, to be installed again.
    Repair {
        tools: Vec<ToolName>,
    },
    /// What nobody wants any more was removed.
    Gc {
        removed: Vec<String>,
        bytes: u64,
    },
    /// The trail is shorter than it was. After a `crash` of the machine, lines that were not on
    /// the disk yet are lost; otherwise somebody cut it.
    Gap {
        had: Mark,
        has: u64,
        crash: bool,
    },
    Complete {
        installed: usize,
        failed: usize,
        skipped: usize,
        took_ms: u64,
    },
}

impl Act {
    /// What there is to note of a volume: nothing of a good one.
    pub(crate) fn of_volume(volume: &Volume) -> Option<Self> {
        Some(Self::Volume {
            problem: volume.problem?,
            why: volume.why.clone().unwrap_or_default(),
            tools_dir: volume.tools_dir.clone(),
        })
    }
}

#[derive(Serialize)]
struct Line<'a> {
    /// From 1, over all files.
    n: u64,
    at: Timestamp,
    #[serde(flatten)]
    act: &'a Act,
    by: &'a str,
    /// Digest of the line before, without its newline; of nothing for the first.
    prev: Digest,
}

/// Appends an act that `by` did.
pub(crate) fn append(dir: &ToolDir, at: Timestamp, by: &str, act: &Act) -> io::Result<()> {
    let mut head = HeadFile::lock(dir)?;
    let mut tail = Tail::read(dir)?;
    rotate(dir, &tail)?;
    let path = dir.audit();
    let mut file = disk::step("open-audit", &path, || {
        OpenOptions::new().append(true).create(true).open(&path)
    })?;
    if let Some(gap) = head.gap(&tail) {
        write(&mut file, &path, &mut tail, at, by, &gap)?;
    }
    write(&mut file, &path, &mut tail, at, by, act)?;
    head.set(&tail.mark())
}

/// Writes a line with one call, so that a crash leaves all of it, a part of it or nothing.
fn write(
    file: &mut File,
    path: &Path,
    tail: &mut Tail,
    at: Timestamp,
    by: &str,
    act: &Act,
) -> io::Result<()> {
    let n = tail.lines + 1;
    let line = Line { n, at, act, by, prev: Digest::of(&tail.last) };
    let line = serde_json::to_vec(&line)?;
    let mut text = Vec::with_capacity(line.len() + 2);
    if tail.torn {
        text.push(b'\n');
    }
    text.extend_from_slice(&line);
    text.push(b'\n');
    disk::write_all(file, path, &text)?;
    *tail = Tail { lines: n, last: line, torn: false, first: tail.first };
    Ok(())
}

/// Closes a file that is long enough: its name then begins with the number of its first line.
fn rotate(dir: &ToolDir, tail: &Tail) -> io::Result<()> {
    let path = dir.audit();
    let long = fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LONGEST);
    if let Some(first) = tail.first.filter(|_| long && !tail.torn) {
        fs::rename(&path, path.with_file_name(format!("audit-{first}.jsonl")))?;
    }
    Ok(())
}

/// Gets everything so far onto the disk, and gives the newest line's number and digest.
/// Nothing when there is no line.
pub(crate) fn mark(dir: &ToolDir) -> io::Result<Option<Mark>> {
    let mut head = HeadFile::lock(dir)?;
    let tail = Tail::read(dir)?;
    if tail.lines == 0 || tail.torn {
        return Ok(None);
    }
    match File::open(dir.audit()) {
        Ok(file) => file.sync_data()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    head.synced(&tail.mark())?;
    Ok(Some(tail.mark()))
}

#[cfg(test)]
mod tests;
