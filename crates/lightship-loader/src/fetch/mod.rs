//! Getting artefacts: where registries are, downloads with digests, archives.

pub(crate) mod address;
mod agent;
pub(crate) mod archive;
pub(crate) mod artifact;
pub(crate) mod clients;
mod download;
mod head;
pub mod http;
pub(crate) mod index;
mod json;
mod partial;
mod proxy;
mod transfer;

pub(crate) use self::agent::get;
pub(crate) use self::download::{Download, Fetched};
pub(crate) use self::json::json;
pub(crate) use self::partial::expire as expire_parts;
