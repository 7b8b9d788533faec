//! From a manifest's `[image]` to an image.

pub mod tree;
