//! What the loop waits for: a list of descriptors, made anew for each wait, as short-lived as
//! what is watched. No registration can be forgotten or outlive its descriptor.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Duration;

use crate::sys;

/// How long only the first descriptor is waited for, when all can't be.
const PAUSE: Duration = Duration::from_millis(100);

/// What is waited for on a descriptor. A hang-up or an error wakes in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Read,
    Write,
    Both,
    /// Nothing but the other side's going away.
    Hangup,
}

/// A watched descriptor's place in the list, good until the next [`Poller::clear`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(usize);

/// What a wait has brought for one descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The other side hung up, or the descriptor has an error.
    pub(crate) gone: bool,
}

impl Ready {
    pub(crate) fn any(self) -> bool {
        self.readable || self.writable || self.gone
    }
}

/// The list. Its memory is used again from wait to wait.
#[derive(Debug, Default)]
pub(crate) struct Poller {
    list: Vec<libc::pollfd>,
}

impl Poller {
    /// Empties the list: all slots are void.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    pub(crate) fn watch(&mut self, fd: impl AsFd, wanted: Wanted) -> Slot {
        let events = match wanted {
            Wanted::Read => libc::POLLIN,
            Wanted::Write => libc::POLLOUT,
            Wanted::Both => libc::POLLIN | libc::POLLOUT,
            Wanted::Hangup => 0,
        };
        self.list.push(libc::pollfd { fd: fd.as_fd().as_raw_fd(), events, revents: 0 });
        Slot(self.list.len() - 1)
    }

    /// Waits until something is ready or `timeout` is over; for ever without one.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        match sys::poll(&mut self.list, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                for entry in &mut self.list {
                    entry.revents = 0;
                }
                Ok(())
            }
            // No memory for the list, or longer than somebody now lets it be: what stands first
            // is looked after all the same, and the rest again in a moment.
            Err(_) => {
                for entry in &mut self.list {
                    entry.revents = 0;
                }
                let first = self.list.get_mut(..1).unwrap_or_default();
                sys::poll(first, Some(timeout.unwrap_or(PAUSE).min(PAUSE)))
            }
            Ok(()) => Ok(()),
        }
    }

    /// What the last wait has brought.
    pub(crate) fn ready(&self, slot: Slot) -> Ready {
        let revents = self.list.get(slot.0).map_or(0, |entry| entry.revents);
        Ready {
            readable: revents & (libc::POLLIN | libc::POLLHUP) != 0,
            writable: revents & libc::POLLOUT != 0,
            gone: revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_writable_then_readable_then_gone() {
        let (reader, writer) = io::pipe().unwrap();
        let mut poller = Poller::default();
        let (from, to) =
            (poller.watch(&reader, Wanted::Read), poller.watch(&writer, Wanted::Write));
        poller.wait(None).unwrap();
        assert_eq!(poller.ready(from), Ready::default());
        assert!(poller.ready(to).writable);
        drop(writer);
        poller.clear();
        let slot = poller.watch(&reader, Wanted::Hangup);
        poller.wait(Some(Duration::from_secs(10))).unwrap();
        assert!(poller.ready(slot).gone);
    }

    #[test]
    fn a_wait_ends_with_its_time() {
        let (reader, _writer) = io::pipe().unwrap();
        let mut poller = Poller::default();
        let slot = poller.watch(&reader, Wanted::Read);
        poller.wait(Some(Duration::from_millis(1))).unwrap();
        assert!(!poller.ready(slot).any());
    }
}
