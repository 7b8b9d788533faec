//! What the head of an answer says that a download has to know.

use std::time::Duration;

use lightship_model::time::Timestamp;
use serde::{Deserialize, Serialize};
use ureq::http::HeaderMap;
use ureq::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, LAST_MODIFIED, RETRY_AFTER,
};

/// By what a server knows whether a file is still the one that a part was taken of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Validator {
    /// A strong entity tag, with its quotes.
    Etag(String),
    /// The time of the last change, as the server wrote it.
    Modified(String),
}

impl Validator {
    /// The value of `If-Range`.
    pub(super) fn if_range(&self) -> &str {
        match self {
            Self::Etag(text) | Self::Modified(text) => text,
        }
    }
}

/// `Content-Range`: which bytes these are, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    /// The first byte's offset; nothing in an answer that has none of them (`*`).
    pub(super) start: Option<u64>,
    pub(super) total: Option<u64>,
}

/// The head of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) length: Option<u64>,
    pub(super) range: Option<ContentRange>,
    pub(super) etag: Option<String>,
    pub(super) validator: Option<Validator>,
    /// `Content-Encoding`, if the bytes are not simply the file's.
    pub(super) encoding: Option<String>,
    /// How long the server asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Head {
    pub(super) fn of(status: u16, headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name| Some(headers.get(name)?.to_str().ok()?.trim());
        let etag = text(ETAG).map(str::to_owned);
        let date = text(DATE).and_then(http_date);
        Self {
            status,
            length: text(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            range: text(CONTENT_RANGE).and_then(content_range),
            validator: validator(etag.as_deref(), text(LAST_MODIFIED), date),
            etag,
            encoding: text(CONTENT_ENCODING)
                .filter(|encoding| !encoding.is_empty() && *encoding != "identity")
                .map(str::to_owned),
            retry_after: text(RETRY_AFTER).and_then(|text| retry_after(text, date.unwrap_or(now))),
        }
    }
}

/// What may stand in `If-Range` (RFC 9110, 13.1.5): a weak tag never; a time only if the file
/// was older than a second when the server sent it, or it may have changed again since.
fn validator(
    etag: Option<&str>,
    modified: Option<&str>,
    date: Option<Timestamp>,
) -> Option<Validator> {
    if let Some(etag) = etag.filter(|etag| etag.starts_with('"') && etag.len() > 2) {
        return Some(Validator::Etag(etag.to_owned()));
    }
    let modified = modified?;
    let old = date?.since(http_date(modified)?) > Duration::from_secs(1);
    old.then(|| Validator::Modified(modified.to_owned()))
}

/// `bytes 5-9/10`, `bytes 5-9/*`, `bytes */10`; nothing for a unit or a form that is not known.
fn content_range(text: &str) -> Option<ContentRange> {
    let (range, total) = text.strip_prefix("bytes ")?.trim().split_once('/')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    if range == "*" {
        return Some(ContentRange { start: None, total });
    }
    let (start, end) = range.split_once('-')?;
    let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
    let sensible = start <= end && total.is_none_or(|total| end < total);
    sensible.then_some(ContentRange { start: Some(start), total })
}

/// Seconds, or the time until which to wait.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    http_date(text).map(|until| until.since(now))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that is still written.
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut words = text.split_ascii_whitespace().skip(1);
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let at = MONTHS.find(month).filter(|at| month.len() == 3 && at % 3 == 0)?;
    Timestamp::try_from(format!("{year}-{:02}-{day:0>2}T{time}Z", at / 3 + 1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

    fn head(lines: &[(&'static str, &'static str)]) -> Head {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, value.parse().unwrap());
        }
        Head::of(200, &headers, NOW)
    }

    #[test]
    fn a_time_of_http_is_read() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(NOW));
        for no in ["", "Sun", "Sun, 06 anF 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"] {
            assert_eq!(http_date(no), None, "{no}");
        }
    }

    #[test]
    fn only_what_is_strong_is_a_validator() {
        let strong = Validator::Etag("\"x\"".into());
        assert_eq!(head(&[("etag", "\"x\"")]).validator, Some(strong));
        assert_eq!(head(&[("etag", "W/\"x\"")]).validator, None);
        let modified = ("last-modified", "Sun, 06 Nov 1994 08:49:30 GMT");
        assert_eq!(head(&[modified]).validator, None);
        let dated = head(&[modified, ("date", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        assert_eq!(dated.validator, Some(Validator::Modified(modified.1.into())));
        assert_eq!(head(&[modified, ("date", "Sun, 06 Nov 1994 08:49:31 GMT")]).validator, None);
    }

    #[test]
    fn ranges_that_make_no_sense_are_none() {
        let range = |start, total| Some(ContentRange { start, total });
        assert_eq!(content_range("bytes 5-9/10"), range(Some(5), Some(10)));
        assert_eq!(content_range("bytes 5-9/*"), range(Some(5), None));
        assert_eq!(content_range("bytes */10"), range(None, Some(10)));
        for no in ["", "bytes", "bytes 5-10/10", "bytes 9-5/10", "lines 1-2/3", "bytes -5/10"] {
            assert_eq!(content_range(no), None, "{no}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_time() {
        assert_eq!(head(&[("retry-after", "7")]).retry_after, Some(Duration::from_secs(7)));
        let until = head(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]);
        assert_eq!(until.retry_after, Some(Duration::from_mins(1)));
        let past = head(&[("retry-after", "Sun, 06 Nov 1994 08:40:37 GMT")]);
        assert_eq!(past.retry_after, Some(Duration::ZERO));
        assert_eq!(head(&[("retry-after", "soon")]).retry_after, None);
    }

    #[test]
    fn identity_is_no_encoding() {
        assert_eq!(head(&[("content-encoding", "identity")]).encoding, None);
        assert_eq!(head(&[("content-encoding", "gzip")]).encoding.as_deref(), Some("gzip"));
    }
}
