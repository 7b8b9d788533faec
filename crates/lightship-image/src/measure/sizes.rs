//! The two measures of everything in an image.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::Serialize;

/// What something weighs, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Sizes {
    /// Of contents as a container sees them; a sparse file with its holes. Headers are nothing.
    pub unpacked: u64,
    /// Of the blob as it is stored and pulled, headers and padding included. Equal to the plain
    /// tar's where a layer is not compressed, and 0 in a directory, which is not packed at all.
    pub packed: u64,
}

impl Sizes {
    pub fn new(unpacked: u64, packed: u64) -> Self {
        Self { unpacked, packed }
    }
}

impl Add for Sizes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            unpacked: self.unpacked.saturating_add(other.unpacked),
            packed: self.packed.saturating_add(other.packed),
        }
    }
}

impl AddAssign for Sizes {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Sizes {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}
