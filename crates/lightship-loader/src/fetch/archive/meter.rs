//! Counting what comes out of an archive, and stopping where it is too much.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use super::refuse;

/// A bound that several counts share.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Rc<State>);

#[derive(Debug)]
struct State {
    left: Cell<u64>,
    reason: String,
}

impl Meter {
    pub(crate) fn new((most, reason): (u64, String)) -> Self {
        Self(Rc::new(State { left: Cell::new(most), reason }))
    }

    /// Takes `count`; fails with the reason where there is not so much left.
    pub(crate) fn take(&self, count: u64) -> io::Result<()> {
        let left = self.0.left.get().checked_sub(count).ok_or_else(|| refuse(&self.0.reason))?;
        self.0.left.set(left);
        Ok(())
    }
}

/// A reader whose bytes count.
pub(super) struct Metered<R> {
    pub(super) inner: R,
    pub(super) meter: Meter,
}

/// A reader whose own errors say of what they are: decompressors are short of words.
pub(super) struct Damaged<R> {
    pub(super) inner: R,
    pub(super) what: String,
}

impl<R: Read> Read for Damaged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| match error.raw_os_error() {
            Some(_) => error,
            None => refuse(format!("{} is damaged or cut off: {error}", self.what)),
        })
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.take(count as u64)?;
        Ok(count)
    }
}
