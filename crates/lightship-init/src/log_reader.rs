//! The end of a tool's log, for whoever asks. A process of its own reads it: a volume that hangs
//! must not hang PID 1.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::io::{Errno, ioctl_fionbio, read};

use crate::poller::{Poller, Slot, Wanted};

/// More than this is not shown.
const LIMIT: u64 = 256 * 1024;
/// A reader that takes longer is killed.
const PATIENCE: Duration = Duration::from_secs(3);

/// Prints the last `lines` lines of the file at `path`: what the process does.
pub fn print_tail(path: &Path, lines: usize) -> io::Result<()> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LIMIT)))?;
    let mut text = Vec::new();
    file.take(LIMIT).read_to_end(&mut text)?;
    io::stdout().write_all(tail(&text, lines))
}

/// The last `lines` lines of `text`.
fn tail(text: &[u8], lines: usize) -> &[u8] {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let mut ends = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    match lines.checked_sub(1).map(|before| ends.nth(before)) {
        None => &[],
        Some(None) => text,
        Some(Some((end, _))) => text.get(end + 1..).unwrap_or_default(),
    }
}

/// One log that is being read.
#[derive(Debug)]
pub(crate) struct LogReader<T> {
    /// Who asked.
    pub(crate) asked: T,
    pub(crate) number: u64,
    output: OwnedFd,
    text: Vec<u8>,
    /// Nothing once it was killed.
    until: Option<Duration>,
    slot: Option<Slot>,
}

impl<T> LogReader<T> {
    /// A reader, and the descriptor that its process writes to.
    pub(crate) fn new(asked: T, number: u64, now: Duration) -> io::Result<(Self, OwnedFd)> {
        let (output, input) = io::pipe()?;
        ioctl_fionbio(&output, true)?;
        let (output, text, until) = (output.into(), Vec::new(), Some(now + PATIENCE));
        Ok((Self { asked, number, output, text, until, slot: None }, input.into()))
    }

    /// The command line of the process, behind the one that this program is called by.
    pub(crate) fn argv(own: &[OsString], path: &Path, lines: usize) -> Vec<OsString> {
        let mut argv = own.to_vec();
        argv.extend([path.as_os_str().to_owned(), lines.to_string().into()]);
        argv
    }

    pub(crate) fn watch(&mut self, poller: &mut Poller) {
        self.slot = Some(poller.watch(&self.output, Wanted::Read));
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.until
    }

    /// Whether it has taken too long; said once.
    pub(crate) fn is_late(&mut self, now: Duration) -> bool {
        self.until.take_if(|until| *until <= now).is_some()
    }

    pub(crate) fn turn(&mut self, poller: &Poller) {
        if self.slot.is_some_and(|slot| poller.ready(slot).any()) {
            self.read();
        }
    }

    /// What was read, when the process has ended.
    pub(crate) fn finish(mut self) -> (T, Vec<u8>) {
        self.read();
        (self.asked, self.text)
    }

    fn read(&mut self) {
        let mut buffer = [0; 8 * 1024];
        loop {
            match read(&self.output, &mut buffer) {
                Ok(0) => return,
                Ok(length) => self.text.extend(buffer.get(..length).unwrap_or_default()),
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_the_last_lines() {
        assert_eq!(tail(b"a\nb\nc\n", 2), b"b\nc\n");
        assert_eq!(tail(b"a\nb\nc", 1), b"c");
        assert_eq!(tail(b"a\nb\n", 9), b"a\nb\n");
        assert_eq!(tail(b"a\n", 0), b"");
        assert_eq!(tail(b"", 3), b"");
    }
}
