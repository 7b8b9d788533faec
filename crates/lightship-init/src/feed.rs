//! The feed: every event as a line of JSON into a pipe, for whoever started lightship. Its reader
//! may be slow or gone; PID 1 never waits for it.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use lightship_model::event::{Event, What};
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio, write};

use crate::poller::{Poller, Slot, Wanted};
use crate::view::View;

/// How many lines wait for a slow reader.
const CAPACITY: usize = 4096;
/// How many bytes: a line may be long.
const BYTES: usize = 1024 * 1024;
/// How long the last lines may take when lightship ends.
pub(crate) const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// The writing end. Without a pipe it takes everything and keeps nothing.
#[derive(Debug)]
pub(crate) struct Feed {
    pipe: Option<OwnedFd>,
    queue: Queue,
    slot: Option<Slot>,
}

/// That the reader is gone; told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReaderGone;

impl Feed {
    pub(crate) fn new(pipe: Option<OwnedFd>) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            // It came over exec; no child of ours may keep it open.
            fcntl_setfd(pipe, FdFlags::CLOEXEC)?;
            ioctl_fionbio(pipe, true)?;
        }
        Ok(Self { pipe, queue: Queue::default(), slot: None })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.pipe.is_some()
    }

    /// Whether lines wait for the reader.
    pub(crate) fn is_pending(&self) -> bool {
        self.pipe.is_some() && !self.queue.is_empty()
    }

    pub(crate) fn push(&mut self, event: &Event) {
        if self.pipe.is_some() {
            self.queue.push(event.to_line());
        }
    }

    pub(crate) fn watch(&mut self, poller: &mut Poller) {
        let wanted = if self.queue.is_empty() { Wanted::Hangup } else { Wanted::Write };
        self.slot = self.pipe.as_ref().map(|pipe| poller.watch(pipe, wanted));
    }

    /// Writes what the pipe takes.
    pub(crate) fn turn(&mut self, poller: &Poller) -> Option<ReaderGone> {
        let ready = poller.ready(self.slot?);
        if ready.gone || (ready.writable && self.write().is_err()) {
            self.pipe = None;
            self.queue = Queue::default();
            return Some(ReaderGone);
        }
        None
    }

    fn write(&mut self) -> Result<(), Errno> {
        let Some(pipe) = &self.pipe else { return Ok(()) };
        while !self.queue.is_empty() {
            match write(pipe, self.queue.front()) {
                Ok(written) => self.queue.advance(written),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Lines that wait to be written, with a bound.
#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<String>,
    /// The lines' length.
    bytes: usize,
    /// How much of the first line is written.
    written: usize,
    /// Lines for which there was no room since the last one that found some.
    dropped: usize,
}

impl Queue {
    fn push(&mut self, line: String) {
        // One place is kept for the line that tells of the loss.
        if self.lines.len() + 1 >= CAPACITY || self.bytes + line.len() > BYTES {
            self.dropped += 1;
            return;
        }
        if self.dropped > 0 {
            let message =
                format!("{} events were dropped: they were read too slowly", self.dropped);
            self.keep(Event::new(View::now(), What::Warning { message }).to_line());
            self.dropped = 0;
        }
        self.keep(line);
    }

    fn keep(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
    }

    fn front(&self) -> &[u8] {
        self.lines.front().and_then(|line| line.as_bytes().get(self.written..)).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.written += count;
        if let Some(line) = self.lines.pop_front_if(|line| line.len() <= self.written) {
            self.bytes -= line.len();
            self.written = 0;
        }
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_in_pieces_of_any_size() {
        let mut queue = Queue::default();
        queue.push("abc\n".to_owned());
        queue.push("d\n".to_owned());
        queue.advance(3);
        assert_eq!(queue.front(), b"\n");
        queue.advance(1);
        assert_eq!(queue.front(), b"d\n");
        queue.advance(2);
        assert!(queue.is_empty());
        assert_eq!(queue.front(), b"");
    }

    #[test]
    fn a_slow_reader_loses_lines_is_told_so_and_costs_no_more_memory() {
        let mut queue = Queue::default();
        for _ in 0..CAPACITY + 10 {
            queue.push("x\n".to_owned());
        }
        assert_eq!((queue.lines.len(), queue.dropped), (CAPACITY - 1, 11));
        for _ in 0..10 {
            queue.advance(2);
        }
        queue.push("y\n".to_owned());
        assert!(queue.lines[CAPACITY - 11].contains("11 events were dropped"));
        assert_eq!(queue.lines.back().unwrap(), "y\n");
    }

    #[test]
    fn long_lines_cost_no_more_memory_than_short_ones() {
        let mut queue = Queue::default();
        let line = "x".repeat(BYTES / 8);
        for _ in 0..10 {
            queue.push(line.clone());
        }
        assert_eq!((queue.bytes, queue.dropped), (BYTES, 2));
        queue.advance(line.len());
        assert_eq!(queue.bytes, BYTES - line.len());
    }

    #[test]
    fn a_reader_that_goes_away_is_told_once() {
        let (reader, writer) = io::pipe().unwrap();
        let mut feed = Feed::new(Some(writer.into())).unwrap();
        let mut poller = Poller::default();
        feed.watch(&mut poller);
        poller.wait(Some(Duration::ZERO)).unwrap();
        assert_eq!(feed.turn(&poller), None);
        drop(reader);
        poller.clear();
        feed.watch(&mut poller);
        poller.wait(None).unwrap();
        assert_eq!(feed.turn(&poller), Some(ReaderGone));
        assert!(!feed.is_on());
    }
}
