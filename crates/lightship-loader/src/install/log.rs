//! The log of a tool: the whole output of its installers.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use lightship_model::time::Timestamp;

use crate::store::disk;

/// How much of the newest output is kept for the error's excerpt.
const TAIL: usize = 64 * 1024;

/// An open log, with the end of the current command's output.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    tail: String,
}

impl Log {
    /// Opens the log of an attempt; the first one begins a new file.
    pub(crate) fn open(path: &Path, attempt: u32, now: Timestamp) -> io::Result<Self> {
        let fresh = attempt == 1;
        let mut file = disk::step("open-log", path, || {
            OpenOptions::new().create(true).write(true).append(!fresh).truncate(fresh).open(path)
        })?;
        writeln!(file, "== {now} attempt {attempt}")?;
        Ok(Self { path: path.to_owned(), file, tail: String::new() })
    }

    /// Notes the command whose output follows.
    pub(crate) fn command(&mut self, line: &str) {
        self.tail.clear();
        self.write(&format!("$ {line}"));
    }

    /// Takes a line of output.
    pub(crate) fn line(&mut self, line: &str) {
        self.write(line);
        self.tail.push_str(line);
        self.tail.push('\n');
        if self.tail.len() > 2 * TAIL {
            let mut cut = self.tail.len() - TAIL;
            while !self.tail.is_char_boundary(cut) {
                cut += 1;
            }
            self.tail.drain(..cut);
        }
    }

    /// The end of the current command's output.
    pub(crate) fn tail(&self) -> &str {
        &self.tail
    }

    /// Digest of the whole log so far.
    pub(crate) fn digest(&self) -> Option<Digest> {
        std::fs::read(&self.path).ok().map(|bytes| Digest::of(&bytes))
    }

    fn write(&mut self, line: &str) {
        // A log that can't be written (a full disk) must not be the reason that a tool fails.
        drop(writeln!(self.file, "{line}"));
    }
}
