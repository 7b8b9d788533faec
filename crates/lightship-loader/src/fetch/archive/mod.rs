//! Archives, and compressed single files: what is in them goes into a prefix, and nowhere else.
//!
//! Parsers of what strangers made are where attacks begin, so nothing is parsed in the loader: it
//! runs itself again as an installer, confined like any other, with an [`Order`]. What breaks
//! there is a failed attempt.
//!
//! `format` knows what a file is, `tar` and `zip` read entries, `name` and `links` decide what an
//! entry may be called and point to, `meter` how much there may be, and `root` writes, with the
//! kernel watching that every path stays beneath the prefix.

mod child;
mod format;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod limits;
mod links;
mod meter;
mod name;
mod order;
mod root;
mod tar;
mod unpack;
mod zip;

use std::io;

pub(crate) use self::child::{main_unpack, unpack, unpack_debs};
pub(crate) use self::format::is_archive;
pub(crate) use self::limits::Limits;
pub(crate) use self::links::check_tree as check_links;
pub(crate) use self::meter::Meter;
pub(crate) use self::order::Order;

/// An archive that is not unpacked, and why.
fn refuse(reason: impl Into<String>) -> io::Error {
    io::Error::other(reason.into())
}

#[cfg(test)]
mod tests;
