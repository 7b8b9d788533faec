//! Probes: is the service ready? One attempt each; when to make one is the supervisor's.

use std::net::SocketAddr;

use lightship_model::manifest::Ready;

use crate::address::{self, AddressError, HttpUrl};

/// How to find out whether the service is ready.
#[derive(Clone, Debug)]
pub(crate) enum Probe {
    Http(HttpUrl),
    Tcp(Vec<SocketAddr>),
    /// Run as a process, by the runtime.
    Exec(Vec<String>),
}

impl Probe {
    pub(crate) fn new(ready: &Ready) -> Result<Self, AddressError> {
        match ready {
            Ready::Http(url) => HttpUrl::parse(url).map(Self::Http),
            Ready::Tcp(address) => address::parse(address).map(Self::Tcp),
            Ready::Exec(command) => Ok(Self::Exec(command.clone())),
        }
    }
}
