//! Signals as values: all are blocked, and read from one descriptor.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, read};

use crate::poller::{Poller, Slot, Wanted};
use crate::signal::Signal;
use crate::sys;

/// `sizeof(struct signalfd_siginfo)`; its first field is the signal's number, its fourth the
/// sender.
const RECORD: usize = 128;
const SENDER: usize = 12;

/// The descriptor that signals come from.
#[derive(Debug)]
pub(crate) struct Signals {
    descriptor: OwnedFd,
    slot: Option<Slot>,
    itself: i32,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let itself = rustix::process::getpid().as_raw_nonzero().get();
        Ok(Self { descriptor: sys::signal_descriptor()?, slot: None, itself })
    }

    pub(crate) fn watch(&mut self, poller: &mut Poller) {
        self.slot = Some(poller.watch(&self.descriptor, Wanted::Read));
    }

    /// The signals that have come, oldest first, at most 16 of them.
    pub(crate) fn take(&mut self, poller: &Poller) -> Vec<Signal> {
        if !self.slot.is_some_and(|slot| poller.ready(slot).any()) {
            return Vec::new();
        }
        let mut records = [0; 16 * RECORD];
        let length = loop {
            match read(&self.descriptor, &mut records) {
                Err(Errno::INTR) => {}
                // What is there is not to be had right now: the next turn asks again.
                other => break other.unwrap_or_default(),
            }
        };
        understand(records.get(..length).unwrap_or_default(), self.itself)
    }
}

/// The signals in the records, without the PIPE that the kernel sends `itself` for writing to
/// somebody who is gone.
fn understand(records: &[u8], itself: i32) -> Vec<Signal> {
    let signal = |record: &[u8]| {
        let number = record.first_chunk().copied().map(i32::from_ne_bytes)?;
        let sender = record.get(SENDER..)?.first_chunk().copied().map(i32::from_ne_bytes)?;
        let signal = Signal::from_number(number)?;
        (signal != Signal::PIPE || sender != itself).then_some(signal)
    };
    records.chunks_exact(RECORD).filter_map(signal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: i32, sender: i32) -> Vec<u8> {
        let mut record = vec![0; RECORD];
        record[..4].copy_from_slice(&number.to_ne_bytes());
        record[SENDER..SENDER + 4].copy_from_slice(&sender.to_ne_bytes());
        record
    }

    #[test]
    fn a_broken_pipe_of_our_own_is_no_signal_for_the_service() {
        let records = [record(13, 7), record(13, 8), record(15, 7), record(64, 0)].concat();
        let names: Vec<String> = understand(&records, 7).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["PIPE", "TERM", "RTMIN+30"]);
        assert!(understand(&records[..100], 7).is_empty());
    }
}
