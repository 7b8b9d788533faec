//! Asking a running lightship how it is: `lightship health` and `lightship-init health`, for
//! images without curl. A plain socket, no runtime: an answer costs less than two milliseconds.

pub(crate) mod exchange;

use std::fmt::Write as _;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::exchange::{Call, Peer, Reply};
use crate::address::{self, AddressError};
use crate::control::ControlAddress;

/// The environment variable with the token that is shown to the health port.
pub const TOKEN_VARIABLE: &str = "LOA_HEALTH_TOKEN";

/// Between two questions, while waiting.
const PAUSE: Duration = Duration::from_millis(200);
/// Docker keeps this much of a health check's output.
const MAX_LINE: usize = 4096;

/// What is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Is it healthy or degraded?
    #[default]
    Health,
    /// The same, with everything that is known.
    Full,
    /// Is the service ready?
    Ready,
    /// Does lightship itself live?
    Live,
}

/// From which verdict on the answer is "no".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    #[default]
    Unhealthy,
    Degraded,
}

/// How the answer is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// `http://HOST:PORT`; a path behind it is the prefix of a proxy's.
    Url(String),
    /// The control socket, which tells everything.
    Socket(ControlAddress),
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    pub at: At,
    /// Shown to the health port, where details are for those who have it.
    pub token: Option<String>,
    pub check: Check,
    pub fail_on: FailOn,
    /// Ask again for so long, until the answer is yes.
    pub wait: Option<Duration>,
    pub format: Format,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no: exit code 0 or 1.
    pub ok: bool,
    /// What to print, without a newline at its end.
    pub text: String,
}

/// The URL at which what listens on `listen` is reached on this machine.
pub fn url_of(listen: &str) -> Result<String, AddressError> {
    let addresses = address::parse(listen)?;
    let address = addresses.first().copied().map(address::reachable);
    address
        .map(|address| format!("http://{address}"))
        .ok_or_else(|| AddressError::Malformed(listen.to_owned()))
}

/// Asks, and asks again where that is wanted. A lightship that can't be reached says no.
pub fn ask(question: &Question) -> Result<Answer, AddressError> {
    let path = match question.check {
        // The reasons are part of the text, and stand only in the whole document.
        Check::Health if question.format == Format::Text => "/health?full=true",
        Check::Health => "/health",
        Check::Full => "/health?full=true",
        Check::Ready => "/readyz",
        Check::Live => "/livez",
    };
    let to = Peer::new(&question.at, path)?;
    let until = question.wait.map(|wait| Instant::now() + wait);
    loop {
        let answer = ask_once(question, &to);
        if answer.ok || until.is_none_or(|until| Instant::now() + PAUSE > until) {
            return Ok(answer);
        }
        sleep(PAUSE);
    }
}

fn ask_once(question: &Question, to: &Peer) -> Answer {
    let call = Call { method: "GET", path: to.path(), token: question.token.as_deref() };
    match to.exchange(&call) {
        Ok(reply) => judge(question, &reply),
        Err(error) => unreachable(question.format, &to.name(), &error),
    }
}

fn unreachable(format: Format, host: &str, error: &io::Error) -> Answer {
    let text = match format {
        Format::Text => format!("unreachable: no answer from {host}: {error}"),
        Format::Json => {
            serde_json::json!({ "status": "unreachable", "error": error.to_string() }).to_string()
        }
    };
    Answer { ok: false, text }
}

fn judge(question: &Question, reply: &Reply) -> Answer {
    let body = reply.body.trim_end();
    let passed = reply.status == 200;
    match question.check {
        Check::Live | Check::Ready => {
            let text = match question.format {
                Format::Text => one_line(body),
                Format::Json => {
                    let failing: Vec<&str> = body.lines().filter(|_| !passed).collect();
                    serde_json::json!({ "ok": passed, "failing": failing }).to_string()
                }
            };
            Answer { ok: passed, text }
        }
        Check::Health | Check::Full => {
            let Ok(document) = serde_json::from_str::<Value>(body) else {
                let error = io::Error::other("that is no lightship");
                return unreachable(question.format, "the port", &error);
            };
            let tolerated = match question.fail_on {
                FailOn::Unhealthy => true,
                FailOn::Degraded => document["status"] == "healthy",
            };
            let text = match (question.format, question.check) {
                (Format::Json, _) => body.to_owned(),
                (Format::Text, Check::Full) => cut(&describe(&document)),
                (Format::Text, _) => one_line(&summary(&document)),
            };
            Answer { ok: passed && tolerated, text }
        }
    }
}

/// One line: the verdict, and the reasons for it.
fn summary(document: &Value) -> String {
    let mut text = format!(
        "{}: gateway {}, up {} s",
        word(&document["status"]),
        word(&document["gateway"]),
        document["uptime"]
    );
    let reasons = document["reasons"].as_array();
    for reason in reasons.into_iter().flatten().filter_map(Value::as_str) {
        text.push_str("; ");
        text.push_str(reason);
    }
    text
}

/// The summary, and a line for each tool.
fn describe(document: &Value) -> String {
    let mut text = summary(document);
    let tools = document["tools"]["status"].as_object();
    // Writing into a string can't fail.
    for (name, status) in tools.into_iter().flatten() {
        write!(text, "\n  {:<10} {name}", word(status)).unwrap_or_default();
        let detail = &document["tools"]["details"][name];
        if let Some(version) = detail["version"].as_str() {
            write!(text, " {version}").unwrap_or_default();
        }
        let why = detail["error"].as_str().or_else(|| detail["reason"].as_str());
        if let Some(why) = why {
            write!(text, ": {}", one_line(why)).unwrap_or_default();
        }
    }
    text
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("unknown")
}

/// `text` on one line, as long as Docker keeps it.
fn one_line(text: &str) -> String {
    cut(&text.lines().collect::<Vec<_>>().join("; "))
}

/// `text` as long as Docker keeps it.
fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_LINE)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEGRADED: &str = r#"{"status":"degraded","gateway":"running","uptime":7,
        "reasons":["tool x failed"],"tools":{"status":{"x":"failed","y":"installed"},
        "details":{"x":{"error":"no\nspace"},"y":{"version":"1.2"}}}}"#;

    fn question(check: Check, fail_on: FailOn, format: Format) -> Question {
        Question { at: At::Url(String::new()), token: None, check, fail_on, wait: None, format }
    }

    fn degraded(check: Check, fail_on: FailOn, format: Format) -> Answer {
        let reply = Reply { status: 200, body: DEGRADED.to_owned() };
        judge(&question(check, fail_on, format), &reply)
    }

    #[test]
    fn degraded_is_a_yes_unless_it_is_asked_to_be_a_no() {
        let answer = degraded(Check::Health, FailOn::Unhealthy, Format::Text);
        assert!(answer.ok);
        assert_eq!(answer.text, "degraded: gateway running, up 7 s; tool x failed");
        for format in [Format::Text, Format::Json] {
            assert!(!degraded(Check::Health, FailOn::Degraded, format).ok);
        }
    }

    #[test]
    fn the_full_text_has_a_line_for_each_tool() {
        let text = degraded(Check::Full, FailOn::Unhealthy, Format::Text).text;
        assert!(text.ends_with("\n  failed     x: no; space\n  installed  y 1.2"), "{text}");
    }

    #[test]
    fn a_service_that_is_not_ready_says_why_on_one_line() {
        let reply = Reply { status: 503, body: "stopping\ntool x is pending\n".to_owned() };
        let text = judge(&question(Check::Ready, FailOn::Unhealthy, Format::Text), &reply);
        assert_eq!(text, Answer { ok: false, text: "stopping; tool x is pending".to_owned() });
        let json = judge(&question(Check::Ready, FailOn::Unhealthy, Format::Json), &reply).text;
        assert_eq!(json, r#"{"failing":["stopping","tool x is pending"],"ok":false}"#);
    }

    #[test]
    fn what_is_no_lightship_says_no() {
        let reply = Reply { status: 200, body: "<html>".to_owned() };
        assert!(!judge(&question(Check::Health, FailOn::Unhealthy, Format::Text), &reply).ok);
    }

    #[test]
    fn the_url_follows_from_the_address_that_is_listened_on() {
        assert_eq!(url_of("0.0.0.0:3000").unwrap(), "http://127.0.0.1:3000");
        assert_eq!(url_of("[::]:3000").unwrap(), "http://[::1]:3000");
        assert!(url_of("3000").is_err());
    }
}
