//! `v1/audit.head`: the newest line's number and digest, beside the trail, so that a cut end
//! is seen. It is written after the line: killed in between, it is one line behind.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;

use serde::{Deserialize, Serialize};

use super::tail::Tail;
use super::{Act, Mark};
use crate::store::ToolDir;
use crate::store::volume::boot_id;

/// The file always has this length, and is written with one call.
const LENGTH: usize = 512;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) written: Mark,
    /// The newest line that is known to be on the disk.
    #[serde(default)]
    pub(super) synced: Option<Mark>,
    /// The kernel's boot in which this was written: lines that were not synced outlive a killed
    /// process, and do not outlive the machine.
    pub(super) boot: String,
}

impl Head {
    /// What the file of `dir` says; nothing when there is none, or it can't be understood.
    pub(super) fn read(dir: &ToolDir) -> Option<Self> {
        Self::parse(&std::fs::read(dir.audit_head()).ok()?)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Whether a trail that ends with line `last` may have lost the others with the machine.
    pub(super) fn excuses(&self, last: u64) -> bool {
        self.boot != boot_id() && self.synced.as_ref().is_none_or(|synced| synced.line <= last)
    }
}

/// The head's file, locked, so that two writers' chains don't fork.
pub(super) struct HeadFile {
    file: File,
    head: Option<Head>,
}

impl HeadFile {
    pub(super) fn lock(dir: &ToolDir) -> io::Result<Self> {
        let path = dir.audit_head();
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        match file.lock() {
            // Some volumes have no locks: then the directory's own lock, in whatever way that is
            // kept there, is what holds others off.
            Ok(()) | Err(_) => {}
        }
        let mut bytes = [0; LENGTH];
        let count = file.read_at(&mut bytes, 0)?;
        Ok(Self { file, head: Head::parse(&bytes[..count]) })
    }

    /// The act to note first when the trail has lost lines since the last one was written.
    pub(super) fn gap(&self, tail: &Tail) -> Option<Act> {
        let head = self.head.as_ref()?;
        let newest = &head.written;
        let end = tail.mark();
        let cut =
            newest.line > end.line || (newest.line == end.line && newest.digest != end.digest);
        let crash = head.excuses(end.line - u64::from(tail.torn));
        cut.then(|| Act::Gap { had: newest.clone(), has: end.line, crash })
    }

    pub(super) fn set(&mut self, written: &Mark) -> io::Result<()> {
        let synced = self.head.as_ref().and_then(|head| head.synced.clone());
        self.write(Head { written: written.clone(), synced, boot: boot_id() })
    }

    pub(super) fn synced(&mut self, mark: &Mark) -> io::Result<()> {
        self.write(Head { written: mark.clone(), synced: Some(mark.clone()), boot: boot_id() })
    }

    fn write(&mut self, head: Head) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.resize(LENGTH - 1, b' ');
        bytes.push(b'\n');
        self.file.write_all_at(&bytes, 0)?;
        self.head = Some(head);
        Ok(())
    }
}
