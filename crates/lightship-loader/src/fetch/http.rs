//! What others who speak HTTP use of the loader's: one client with the machine's certificates
//! and proxies, and one way to wait for a server that is busy.

use std::time::{Duration, SystemTime};

use lightship_model::time::Timestamp;
use ureq::http::HeaderMap;
use ureq::http::header::RETRY_AFTER;

pub use super::address::{basic, resolve, shown};
pub use super::agent::{agent, passes, proxy_for};
use super::{download, head, transfer};

/// How long to wait before a request is sent again, `tries` after the first: what the answer
/// asks for, within limits, or a pause that grows.
pub fn pause(tries: u32, answer: Option<&HeaderMap>) -> Duration {
    let text = answer.and_then(|headers| headers.get(RETRY_AFTER)?.to_str().ok());
    let asked = text.and_then(|text| head::retry_after(text, Timestamp::from(SystemTime::now())));
    match asked {
        Some(asked) => asked.min(transfer::LONGEST_RETRY_AFTER),
        None => transfer::pause(tries, download::chance()),
    }
}

/// Whether a server that answers so may answer otherwise a little later.
pub fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}
