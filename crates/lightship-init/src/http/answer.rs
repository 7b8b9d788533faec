//! An answer, and how it looks on the wire.

use std::borrow::Cow;
use std::fmt::Write as _;

use lightship_model::time::Timestamp;
use serde::Serialize;

use super::date;

pub(super) const JSON: &str = "application/json";
pub(super) const TEXT: &str = "text/plain; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// A header field of an answer.
type Field = (&'static str, Cow<'static, str>);

/// An answer, before it is put on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) fields: Vec<Field>,
    pub(super) body: Cow<'static, str>,
}

impl Answer {
    pub(super) fn new(status: u16, kind: &'static str, body: impl Into<Cow<'static, str>>) -> Self {
        Self { status, content_type: kind, fields: Vec::new(), body: body.into() }
    }

    pub(crate) fn text(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, TEXT, body)
    }

    pub(crate) fn json(status: u16, document: &impl Serialize) -> Self {
        // Strings, numbers and maps with string keys always serialise.
        let mut body = serde_json::to_string(document).unwrap_or_default();
        body.push('\n');
        Self::new(status, JSON, body)
    }

    /// What went wrong, and what to do about it.
    pub(crate) fn error(status: u16, error: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": error }))
    }

    /// A command was taken.
    pub(crate) fn done() -> Self {
        Self::json(202, &serde_json::json!({ "ok": true }))
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Head of the answer on the wire; the body follows it as it is.
    pub(super) fn head(&self, now: Timestamp, version: Version, keep_alive: bool) -> String {
        let mut head = String::with_capacity(320);
        let Self { status, content_type, fields, body } = self;
        // Writing into a string can't fail.
        write!(head, "{} {status} {}\r\n", version.as_str(), reason(*status)).unwrap_or_default();
        let mut field = |name: &str, value: &str| {
            head.extend([name, ": ", value, "\r\n"]);
        };
        field("Date", &date::http(now));
        field("Content-Type", content_type);
        field("X-Content-Type-Options", "nosniff");
        for (name, value) in fields {
            field(name, value);
        }
        if !fields.iter().any(|(name, _)| *name == "Cache-Control") {
            field("Cache-Control", "no-store");
        }
        // A stream of events ends with its connection.
        if !self.is_stream() {
            field("Content-Length", &body.len().to_string());
        }
        if !keep_alive {
            field("Connection", "close");
        }
        head.push_str("\r\n");
        head
    }

    fn is_stream(&self) -> bool {
        self.content_type == EVENT_STREAM
    }
}

pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// The version that the client speaks, and is answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http10,
    Http11,
}

impl Version {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_what_keeps_an_answer_fresh_and_delimited() {
        let answer = Answer::text(503, "no\n").with("Retry-After", "1");
        let now = Timestamp::from_millis(784_111_777_000);
        assert_eq!(
            answer.head(now, Version::Http11, true),
            "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
             Retry-After: 1\r\nCache-Control: no-store\r\nContent-Length: 3\r\n\r\n"
        );
        let head = answer.head(now, Version::Http10, false);
        assert!(head.starts_with("HTTP/1.0 503") && head.ends_with("Connection: close\r\n\r\n"));
    }

    #[test]
    fn a_stream_has_no_length_and_its_own_word_on_caches() {
        let answer = Answer::new(200, EVENT_STREAM, "").with("Cache-Control", "no-cache");
        let head = answer.head(Timestamp::from_millis(0), Version::Http11, false);
        assert!(!head.contains("Content-Length") && !head.contains("no-store"), "{head}");
    }
}
