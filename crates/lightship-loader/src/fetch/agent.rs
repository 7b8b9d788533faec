//! The client of all downloads: certificates, proxies (from the environment), limits.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ureq::config::RedirectAuthHeaders;
use ureq::http::{Response, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use super::{address, proxy};

const CONNECT: Duration = Duration::from_secs(10);
/// How long nothing at all may come, be it the head of the answer or more of its body.
const STALL: Duration = Duration::from_secs(30);

static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    let stall = stall();
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(stall))
        .timeout_per_read(Some(stall))
        .user_agent(concat!("lightship/", env!("CARGO_PKG_VERSION")))
        .tls_config(TlsConfig::builder().root_certs(roots()).build())
        // What a refusal means is decided by `transfer`, which has to see its head.
        .http_status_as_error(false)
        // A redirect to another host must not take the credentials with it.
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        // The bytes as they are, or ranges and digests would be of something else.
        .accept_encoding("identity")
        .build();
    config.into()
});

/// A test must not wait for half a minute: in builds with debug assertions the limit can be set,
/// in milliseconds.
fn stall() -> Duration {
    let set = std::env::var("LIGHTSHIP_TEST_STALL_MS").ok().filter(|_| cfg!(debug_assertions));
    set.and_then(|text| text.parse().ok()).map_or(STALL, Duration::from_millis)
}

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

/// The client, for others who speak to servers.
pub fn agent() -> &'static Agent {
    &AGENT
}

/// The proxy for `url`.
///
/// # Errors
/// When it can't be spoken to: around it, the request might go where it must not.
pub fn proxy_for(url: &str) -> Result<Option<Proxy>, ureq::Error> {
    let proxy = proxy::choose(url, |name| std::env::var(name).ok());
    proxy.map(|proxy| Proxy::new(&proxy)).transpose()
}

/// What is asked for.
pub(super) struct Ask<'a> {
    pub(super) url: &'a str,
    pub(super) accept: Option<&'a str>,
    pub(super) from: u64,
    pub(super) if_range: Option<&'a str>,
    pub(super) deadline: Instant,
}

/// Sends a request and waits for the head of the answer, whatever its status.
pub(super) fn ask(ask: &Ask<'_>) -> Result<Response<Body>, ureq::Error> {
    let left = ask.deadline.saturating_duration_since(Instant::now());
    let (url, credentials) = address::split_credentials(ask.url);
    let proxy = proxy_for(&url)?;
    let config = AGENT.get(&url).config();
    let mut request = config.timeout_global(Some(left)).proxy(proxy).build();
    if let Some(credentials) = credentials {
        request = request.header(header::AUTHORIZATION, address::basic(&credentials));
    }
    if let Some(accept) = ask.accept {
        request = request.header(header::ACCEPT, accept);
    }
    if ask.from > 0 {
        request = request.header(header::RANGE, format!("bytes={}-", ask.from));
    }
    if let Some(validator) = ask.if_range {
        request = request.header(header::IF_RANGE, validator);
    }
    request.call()
}

/// Asks `url` once, for no longer than `limit` in all; whatever the status, it is an answer.
pub(crate) fn get(url: &str, limit: Duration) -> Result<Response<Body>, ureq::Error> {
    let deadline = Instant::now() + limit;
    ask(&Ask { url, accept: None, from: 0, if_range: None, deadline })
}

/// Whether another try may end otherwise: not for an address that is none, nor for redirects
/// without end.
pub fn passes(error: &ureq::Error) -> bool {
    use ureq::Error;
    !matches!(
        error,
        Error::BadUri(_)
            | Error::Http(_)
            | Error::TooManyRedirects
            | Error::RedirectFailed
            | Error::InvalidProxyUrl
            | Error::LargeResponseHeader(..)
    )
}
