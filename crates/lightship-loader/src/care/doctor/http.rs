//! One short question to a registry.

use std::time::{Duration, Instant};

use lightship_model::time::Timestamp;

use super::date;
use crate::clock::now;
use crate::fetch;

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
    let begun = Instant::now();
    let response = fetch::get(url, LIMIT).map_err(|error| error.to_string())?;
    let date = response.headers().get("date").and_then(|value| date::parse(value.to_str().ok()?));
    Ok(Reply {
        status: response.status().as_u16(),
        took: begun.elapsed(),
        date: date.map(|date| (date, now())),
    })
}
