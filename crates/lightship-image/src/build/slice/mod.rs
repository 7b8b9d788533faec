//! What of the packages is taken: slices and whole packages, with the libraries that their
//! programs need.

mod closure;
pub mod rules;
mod select;
#[cfg(test)]
mod tests;

pub use self::select::{Selection, Taken, select};
