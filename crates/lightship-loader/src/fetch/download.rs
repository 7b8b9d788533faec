//! Downloads over HTTP, with progress, the digest taken while the bytes pass.

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use lightship_model::digest::Digest;
use lightship_model::event::Unit;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, http::Response};

use super::artifact::Fetched;
use crate::install::{InstallError, Job};

const CONNECT: Duration = Duration::from_secs(10);
/// Until the answer's head is there.
const RESPONSE: Duration = Duration::from_secs(30);
/// How long nothing at all may come.
const STALL: Duration = Duration::from_secs(30);
/// An index page that is larger than this is none.
const MAX_JSON: u64 = 256 << 20;

static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(RESPONSE))
        .timeout_per_read(Some(STALL))
        .user_agent(concat!("lightship/", env!("CARGO_PKG_VERSION")))
        .tls_config(TlsConfig::builder().root_certs(roots()).build())
        .build();
    config.into()
});

/// The machine's certificates (`SSL_CERT_FILE` counts); the built-in ones where it has none.
fn roots() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return RootCerts::WebPki;
    }
    let certificates: Vec<Certificate<'static>> =
        found.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    RootCerts::from(certificates.into_iter())
}

/// Downloads `url` to the file `to`.
pub(super) fn file(job: &mut Job<'_>, url: &str, to: &Path) -> Result<Fetched, InstallError> {
    let mut response = get(job, url, None)?;
    let total = response.body().content_length();
    let mut file = File::create(to).map_err(InstallError::io("write", to))?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut block = vec![0; 128 * 1024];
    let mut reader = response.body_mut().as_reader();
    loop {
        let count = match reader.read(&mut block) {
            Ok(count) => count,
            // However it put it: the connection's limit is the attempt's.
            Err(_) if job.is_late() => return Err(late(job, url)),
            Err(error) => return Err(failed(url, &error, true)),
        };
        if count == 0 {
            break;
        }
        hasher.update(&block[..count]);
        file.write_all(&block[..count]).map_err(InstallError::io("write", to))?;
        bytes += u64::try_from(count).unwrap_or_default();
        job.reporter.count(bytes, total, Unit::Bytes);
        if job.is_late() {
            return Err(late(job, url));
        }
    }
    if let Some(total) = total.filter(|total| *total != bytes) {
        return Err(failed(url, &format!("{bytes} of {total} bytes came"), true));
    }
    Ok(Fetched { digest: Digest::from_hasher(hasher), bytes })
}

/// Fetches `url` and reads the answer as JSON.
pub(super) fn json(job: &Job<'_>, url: &str, accept: &str) -> Result<Value, InstallError> {
    let mut response = get(job, url, Some(accept))?;
    let body = response.body_mut().with_config().limit(MAX_JSON).read_to_string();
    let body = body
        .map_err(|error| if job.is_late() { late(job, url) } else { failed(url, &error, true) })?;
    serde_json::from_str(&body).map_err(|error| failed(url, &error, false))
}

fn get(job: &Job<'_>, url: &str, accept: Option<&str>) -> Result<Response<Body>, InstallError> {
    let left = job.deadline.saturating_duration_since(Instant::now());
    let mut request = AGENT.get(url).config().timeout_global(Some(left)).build();
    if let Some(accept) = accept {
        request = request.header("Accept", accept);
    }
    request.call().map_err(|error| {
        if job.is_late() {
            return late(job, url);
        }
        // Too many requests, and everything that is the server's fault, may pass.
        let passes = match &error {
            ureq::Error::StatusCode(code) => *code == 429 || *code >= 500,
            _ => true,
        };
        failed(url, &error, passes)
    })
}

/// The attempt's time is over.
fn late(job: &Job<'_>, url: &str) -> InstallError {
    InstallError::TimedOut { what: format!("the download of {url}"), after: job.timeout }
}

fn failed(url: &str, reason: &dyn std::fmt::Display, retry_can_help: bool) -> InstallError {
    InstallError::Download { url: url.to_owned(), reason: reason.to_string(), retry_can_help }
}
