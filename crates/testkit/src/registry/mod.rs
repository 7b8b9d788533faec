//! Local registries that cargo, pip, uv and npm take for real ones.

mod cargo;
mod debian;
mod npm;
mod pip;

use std::ops::Deref;

pub use self::cargo::CrateRelease;
pub use self::debian::{DebFile, DebianArchive};
pub use self::npm::NpmPackage;
pub use self::pip::{Wheel, WheelRelease};
use crate::Server;

/// A server with a registry of each kind, and plain files beside them.
#[derive(Debug)]
pub struct Registry {
    server: Server,
}

impl Registry {
    /// Registries without packages.
    pub fn start() -> Self {
        let registry = Self { server: Server::start() };
        registry.configure_cargo();
        registry
    }

    /// The part of a manifest that names these registries.
    pub fn manifest(&self) -> String {
        format!(
            "[registries]\ncargo = \"sparse+{}\"\npip = \"{}\"\nnpm = \"{}\"\n",
            self.url("/cargo/"),
            self.url("/simple"),
            self.url("/npm/"),
        )
    }

    /// Serves a plain file; gives its address.
    pub fn put_file(&self, name: &str, content: impl Into<Vec<u8>>) -> String {
        self.put(&format!("/files/{name}"), "application/octet-stream", content)
    }
}

impl Deref for Registry {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
