//! What the health port answers: from memory, whatever the machine is doing.

use lightship_model::health::{Verdict, full_health, health, verdict};
use lightship_model::name::ToolName;
use lightship_model::state::ToolStatus;
use lightship_model::status::Status;
use lightship_model::time::Timestamp;
use serde::Serialize;

use crate::view::View;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

const INDEX: &str = "\
lightship
  /health             the short document; 200 for healthy and degraded, 503 for unhealthy
  /health?full=true   everything that is known
  /livez              200 as long as lightship answers
  /startupz           200 once the service was ready
  /readyz             200 while the service is ready; ?require=TOOL,TOOL waits for tools as well
";

/// An answer, before it is put on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

impl Answer {
    pub(crate) fn plain(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: TEXT, body: body.into() }
    }

    fn json(status: u16, document: &impl Serialize) -> Self {
        // Strings, numbers and maps with string keys always serialise.
        let mut body = serde_json::to_string(document).unwrap_or_default();
        body.push('\n');
        Self { status, content_type: JSON, body }
    }

    pub(crate) fn done() -> Self {
        Self::json(200, &serde_json::json!({ "ok": true }))
    }

    pub(crate) fn error(status: u16, error: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": error }))
    }
}

/// Answers a request. `reads` is whether its method is GET or HEAD.
pub(super) fn answer(reads: bool, path: &str, query: Option<&str>, view: &View) -> Answer {
    let query = query.unwrap_or_default();
    let status = view.status.borrow();
    let respond: &dyn Fn() -> Answer = match path {
        "/" => &|| Answer::plain(200, INDEX),
        "/health" => &|| health_answer(query, &status, view, View::now()),
        "/livez" => &|| Answer::plain(200, "ok\n"),
        "/startupz" => &|| startup(&status),
        "/readyz" => &|| readiness(query, &status),
        _ => return Answer::error(404, "there is nothing here; / lists what there is"),
    };
    if reads { respond() } else { Answer::error(405, "only GET and HEAD are answered") }
}

fn health_answer(query: &str, status: &Status, view: &View, now: Timestamp) -> Answer {
    let (verdict, _) = verdict(status, now);
    let code = verdict.http_status();
    let started = view.started(now);
    let full = values(query, "full").any(|value| value == "true" || value == "1");
    if full {
        Answer::json(code, &full_health(status, &view.capabilities, started, now))
    } else {
        Answer::json(code, &health(status, started, now))
    }
}

fn startup(status: &Status) -> Answer {
    if status.service.was_ready {
        Answer::plain(200, "ok\n")
    } else {
        Answer::plain(503, "the service has not been ready yet\n")
    }
}

fn readiness(query: &str, status: &Status) -> Answer {
    let mut failing = Vec::new();
    if status.stopping {
        failing.push("stopping".to_owned());
    }
    if status.service.pid.is_none() {
        failing.push("the service does not run".to_owned());
    } else if status.service.ready_since.is_none() {
        failing.push("the service is not ready yet".to_owned());
    }
    let required = values(query, "require");
    for value in required {
        let names = value.split(',').filter(|name| !name.is_empty());
        failing.extend(names.filter_map(|name| missing(name, status)));
    }
    if failing.is_empty() {
        Answer::plain(200, "ok\n")
    } else {
        Answer::plain(503, failing.join("\n") + "\n")
    }
}

/// What is wrong with a required tool, if anything.
fn missing(name: &str, status: &Status) -> Option<String> {
    let unknown = || Some("a required tool is not in the manifest".to_owned());
    // Text of the request goes into the answer only where it is a tool's name.
    let Ok(name) = name.parse::<ToolName>() else { return unknown() };
    match status.tools.get(&name).map(|tool| tool.change.status) {
        Some(ToolStatus::Installed) => None,
        Some(other) => Some(format!("tool {name} is {other}")),
        None => Some(format!("tool {name} is not in the manifest")),
    }
}

/// The values of the parameter `key`. A `+` stays one: it stands in tools' names.
fn values<'a>(query: &'a str, key: &'a str) -> impl Iterator<Item = String> + 'a {
    query
        .split('&')
        .filter_map(move |pair| pair.split_once('=').filter(|(name, _)| *name == key))
        .map(|(_, value)| decode(value))
}

/// Undoes percent-encoding; what is none stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, left) = match (first, tail) {
            (b'%', [high, low, left @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, left),
                _ => (b'%', tail),
            },
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Whether the caller should come back in a moment.
pub(super) fn is_temporary(status: u16) -> bool {
    status == Verdict::Unhealthy.http_status()
}

#[cfg(test)]
mod tests;
