//! From a manifest's `[image]` to an image.
//!
//! ```text
//! spec ─► packages (lock, fetch, cache) ─► slice (what of them) ─┐
//! npm (tarballs, trees) ─────────────────────────────────────────┼─► assemble ─► tree
//! effects (what scripts would have done), files, accounts ───────┘
//! ```

mod accounts;
pub mod assemble;
pub mod baked;
pub mod blob;
pub mod cache;
pub mod checked;
pub mod compress;
pub mod directory;
pub mod effects;
pub mod epoch;
mod error;
pub mod finish;
pub mod image;
pub mod layer_cache;
pub mod layers;
pub mod local;
pub mod lock;
pub mod make;
pub mod metadata;
pub mod npm;
pub mod packages;
mod room;
#[cfg(test)]
pub(crate) mod sample;
pub mod sbom;
pub mod slice;
pub mod spec;
pub mod tree;
pub mod trees;
pub mod warm;

pub use self::error::BuildError;
