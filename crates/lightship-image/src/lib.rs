//! Container images: built without a daemon, and measured to the byte.
//!
//! ```text
//! [image] of a manifest ─► build: packages, slices, tools ─► tree ─► layers ─► oci
//! layout, archive, directory, registry ─► source ─► measure ─► what-if, compare, check, report
//! ```

mod aside;
pub mod build;
pub mod check;
pub mod compare;
pub mod elf;
pub mod fuzz;
pub mod glob;
pub mod graph;
pub mod live;
pub mod measure;
pub mod oci;
mod parallel;
pub mod registry;
pub mod report;
#[cfg(test)]
mod sample;
pub mod source;
pub mod tally;
pub mod tar;
pub mod text;
pub mod what_if;
