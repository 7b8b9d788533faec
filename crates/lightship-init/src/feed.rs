//! The feed: every event as a line of JSON into a pipe, for whoever started lightship. Its reader
//! may be slow or gone; PID 1 never waits for it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use lightship_model::event::{Event, What};
use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::sys;
use crate::view::View;

/// How many lines wait for a slow reader.
const CAPACITY: usize = 4096;
/// How long the last lines may take when lightship ends.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// The writing end. Without a pipe it takes everything and keeps nothing.
#[derive(Debug)]
pub(crate) struct Feed {
    shared: Option<Rc<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: RefCell<Queue>,
    /// Something was put into the queue.
    filled: Notify,
    /// Everything was written, or can't be any more.
    drained: Notify,
    /// The reader is gone.
    closed: Notify,
}

impl Feed {
    /// A feed into `pipe`. Has to be called on the runtime's local set.
    pub(crate) fn new(pipe: Option<OwnedFd>) -> io::Result<Self> {
        let Some(pipe) = pipe else { return Ok(Self { shared: None }) };
        // It came over exec; no child of ours may keep it open.
        fcntl_setfd(&pipe, FdFlags::CLOEXEC)?;
        ioctl_fionbio(&pipe, true)?;
        let pipe = sys::watch(File::from(pipe), Interest::WRITABLE)?;
        let shared = Rc::new(Shared::default());
        tokio::task::spawn_local(pump(pipe, Rc::clone(&shared)));
        Ok(Self { shared: Some(shared) })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.shared.is_some()
    }

    pub(crate) fn push(&self, event: &Event) {
        if let Some(shared) = &self.shared {
            shared.queue.borrow_mut().push(event.to_line());
            shared.filled.notify_one();
        }
    }

    /// Returns, once, when the reader is gone.
    pub(crate) async fn closed(&self) {
        match &self.shared {
            Some(shared) => shared.closed.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Gives the reader a moment to take what is left.
    pub(crate) async fn flush(&self) {
        let Some(shared) = &self.shared else { return };
        let drained = async {
            while !shared.queue.borrow().is_done() {
                shared.drained.notified().await;
            }
        };
        if tokio::time::timeout(FLUSH_WITHIN, drained).await.is_err() {
            // A reader that does not read for a second does not want to know.
            shared.queue.borrow_mut().close();
        }
    }
}

async fn pump(pipe: AsyncFd<File>, shared: Rc<Shared>) {
    while pump_once(&pipe, &shared).await.is_ok() {}
    shared.queue.borrow_mut().close();
    shared.drained.notify_one();
    shared.closed.notify_one();
}

/// Waits until there is something to write and writes it. An error means that the reader is gone.
async fn pump_once(pipe: &AsyncFd<File>, shared: &Shared) -> io::Result<()> {
    if shared.queue.borrow().is_done() {
        shared.drained.notify_one();
        tokio::select! {
            () = shared.filled.notified() => {}
            error = pipe.ready(Interest::ERROR) => {
                return Err(error.err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()));
            }
        }
        return Ok(());
    }
    let mut ready = pipe.writable().await?;
    let mut queue = shared.queue.borrow_mut();
    match ready.try_io(|pipe| pipe.get_ref().write(queue.front())) {
        Ok(written) => queue.advance(written?),
        // It filled up meanwhile: wait again.
        Err(_would_block) => {}
    }
    Ok(())
}

/// Lines that wait to be written, with a bound.
#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<String>,
    /// How much of the first line is written.
    written: usize,
    /// Lines for which there was no room since the last one that found some.
    dropped: usize,
    closed: bool,
}

impl Queue {
    fn push(&mut self, line: String) {
        if self.closed {
            return;
        }
        // One place is kept for the line that tells of the loss.
        if self.lines.len() + 1 >= CAPACITY {
            self.dropped += 1;
            return;
        }
        if self.dropped > 0 {
            let message =
                format!("{} events were dropped: they were read too slowly", self.dropped);
            self.lines.push_back(Event::new(View::now(), What::Warning { message }).to_line());
            self.dropped = 0;
        }
        self.lines.push_back(line);
    }

    fn front(&self) -> &[u8] {
        self.lines.front().and_then(|line| line.as_bytes().get(self.written..)).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.written += count;
        if self.lines.front().is_some_and(|line| line.len() <= self.written) {
            self.lines.pop_front();
            self.written = 0;
        }
    }

    fn close(&mut self) {
        *self = Self { closed: true, ..Self::default() };
    }

    fn is_done(&self) -> bool {
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
        assert!(queue.is_done());
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
        queue.close();
        queue.push("z\n".to_owned());
        assert!(queue.is_done());
    }
}
