//! Layers are tars.

pub mod read;
pub mod write;
