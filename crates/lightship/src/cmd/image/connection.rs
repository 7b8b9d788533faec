//! How to speak to a registry.

use std::path::PathBuf;

use lightship_image::registry::Options;

/// Options of whatever asks a registry.
#[derive(Debug, clap::Args)]
pub(super) struct Connection {
    /// Ask the registry without TLS; one on the loopback never needs it
    #[arg(long)]
    insecure: bool,
    /// The file with the registry's credentials
    #[arg(long, value_name = "FILE")]
    authfile: Option<PathBuf>,
}

impl Connection {
    pub(super) fn options(&self) -> Options {
        Options { insecure: self.insecure, auth_file: self.authfile.clone() }
    }
}
