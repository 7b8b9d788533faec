//! One short question to a registry.

use std::time::{Duration, Instant};

use lightship_model::time::Timestamp;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::date;
use crate::clock::now;

/// For everything: a registry that takes longer is none to wait for.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) took: Duration,
    /// The server's clock, and ours at that time.
    pub(super) date: Option<(Timestamp, Timestamp)>,
}

pub(super) fn get(url: &str) -> Result<Reply, String> {
    let config = Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .http_status_as_error(false)
        .user_agent(concat!("lightship/", env!("CARGO_PKG_VERSION")))
        .tls_config(TlsConfig::builder().root_certs(roots()).build())
        .build();
    let agent: Agent = config.into();
    let begun = Instant::now();
    let response = agent.get(url).call().map_err(|error| error.to_string())?;
    let date = response.headers().get("date").and_then(|value| date::parse(value.to_str().ok()?));
    Ok(Reply {
        status: response.status().as_u16(),
        took: begun.elapsed(),
        date: date.map(|date| (date, now())),
    })
}

/// The machine's certificates; the built-in ones where it has none.
fn roots() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return RootCerts::WebPki;
    }
    let certificates: Vec<Certificate<'static>> =
        found.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    RootCerts::from(certificates.into_iter())
}
