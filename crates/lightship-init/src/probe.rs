//! Probes: is the service ready, is it alive? One attempt each; when to make one is the
//! supervisor's.

mod attempt;

use std::net::SocketAddr;

use lightship_model::manifest::Check;

use crate::address::{self, AddressError, HttpUrl};

pub(crate) use self::attempt::Attempt;

/// A question to the service.
#[derive(Clone, Debug)]
pub(crate) enum Probe {
    Http(HttpUrl),
    Tcp(Vec<SocketAddr>),
    /// Run as a process, by the runtime.
    Exec(Vec<String>),
}

impl Probe {
    pub(crate) fn new(check: &Check) -> Result<Self, AddressError> {
        match check {
            Check::Http(url) => HttpUrl::parse(url).map(Self::Http),
            Check::Tcp(address) => address::parse(address).map(Self::Tcp),
            Check::Exec(command) => Ok(Self::Exec(command.clone())),
        }
    }
}
