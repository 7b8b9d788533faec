//! Layers are tars.

pub mod read;
