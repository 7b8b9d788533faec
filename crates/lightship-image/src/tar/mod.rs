//! Layers are tars.

pub mod write;
