//! Getting artefacts: where registries are, downloads with digests, archives.

pub(crate) mod archive;
pub(crate) mod artifact;
pub(crate) mod clients;
mod download;
pub(crate) mod index;
