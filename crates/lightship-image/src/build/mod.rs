//! From a manifest's `[image]` to an image.

pub mod blob;
pub mod cache;
pub mod compress;
pub mod epoch;
pub mod image;
pub mod layers;
pub mod metadata;
#[cfg(test)]
pub(crate) mod sample;
pub mod sbom;
pub mod tree;
