//! Signals as values: all are blocked, and read from one descriptor.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, read};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::sys;

/// `sizeof(struct signalfd_siginfo)`; the signal's number is its first field.
const RECORD: usize = 128;

/// The descriptor that signals come from.
#[derive(Debug)]
pub(crate) struct Signals {
    descriptor: AsyncFd<OwnedFd>,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let descriptor = sys::signal_descriptor()?;
        Ok(Self { descriptor: sys::watch(descriptor, Interest::READABLE)? })
    }

    /// Waits for signals and returns their numbers.
    pub(crate) async fn next(&self) -> io::Result<Vec<i32>> {
        let mut records = [0; 16 * RECORD];
        loop {
            let mut ready = self.descriptor.readable().await?;
            match read(ready.get_inner(), &mut records) {
                Ok(length) => return Ok(numbers(records.get(..length).unwrap_or_default())),
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn numbers(records: &[u8]) -> Vec<i32> {
    let number = |record: &[u8]| record.first_chunk().copied().map(i32::from_ne_bytes);
    records.chunks_exact(RECORD).filter_map(number).collect()
}
