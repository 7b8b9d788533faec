//! What an installer prints, as lines.

use std::io::{self, PipeReader, Read as _};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Output cut into lines; a carriage return ends a line that is not whole.
pub(super) struct Lines {
    reader: PipeReader,
    pending: Vec<u8>,
    ended: bool,
}

/// A line longer than this is cut: a program that prints none must not fill the memory.
const MAX_LINE: usize = 64 * 1024;

impl Lines {
    pub(super) fn new(reader: PipeReader) -> Self {
        Self { reader, pending: Vec::new(), ended: false }
    }

    /// Takes what there is, waiting at most `limit` for it; whether there was something.
    pub(super) fn read(
        &mut self,
        limit: Duration,
        take: &mut dyn FnMut(&str, bool),
    ) -> io::Result<bool> {
        if self.ended {
            std::thread::park_timeout(limit);
            return Ok(false);
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(limit.subsec_nanos()),
        };
        let mut fds = [PollFd::new(&self.reader, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut block = [0; 16 * 1024];
        let count = self.reader.read(&mut block)?;
        self.ended = count == 0;
        for byte in &block[..count] {
            match byte {
                b'\n' => self.flush(true, take),
                b'\r' => self.flush(false, take),
                byte => self.pending.push(*byte),
            }
            if self.pending.len() >= MAX_LINE {
                self.flush(true, take);
            }
        }
        if self.ended {
            self.flush(true, take);
        }
        Ok(count > 0)
    }

    pub(super) fn drain(
        &mut self,
        limit: Duration,
        take: &mut dyn FnMut(&str, bool),
    ) -> io::Result<()> {
        let until = Instant::now() + limit;
        while !self.ended && Instant::now() < until {
            self.read(until.saturating_duration_since(Instant::now()), take)?;
        }
        Ok(())
    }

    fn flush(&mut self, whole: bool, take: &mut dyn FnMut(&str, bool)) {
        let bytes = std::mem::take(&mut self.pending);
        take(&String::from_utf8_lossy(&bytes), whole);
    }
}
