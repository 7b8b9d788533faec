//! What is answered to which request: from memory, whatever the machine is doing. Pure: what
//! has to be done for an answer is said, not done.

use lightship_model::health::checks::{self, Check};
use lightship_model::health::{Rights, Verdict, draft, full_health, health, verdict};
use lightship_model::metrics::Exposition;
use lightship_model::name::ToolName;
use lightship_model::status::Status;
use lightship_model::time::Timestamp;
use lightship_model::timeline::timeline;

use super::answer::Answer;
use super::command::Command;
use super::request::{Method, Request};
use super::{dashboard, query};
use crate::view::View;

/// The route of a request: what requests are counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Route {
    Dashboard,
    Health,
    Live,
    Startup,
    Ready,
    Metrics,
    Events,
    Timeline,
    ToolLog,
    Promote,
    Retry,
    Wait,
    Reload,
    Stop,
    /// Anything else, and what is no request.
    Other,
}

impl Route {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Dashboard => "/",
            Self::Health => "/health",
            Self::Live => "/livez",
            Self::Startup => "/startupz",
            Self::Ready => "/readyz",
            Self::Metrics => "/metrics",
            Self::Events => "/events",
            Self::Timeline => "/timeline",
            Self::ToolLog => "/v1/tools/{tool}/log",
            Self::Promote => "/v1/tools/{tool}/promote",
            Self::Retry => "/v1/tools/{tool}/retry",
            Self::Wait => "/v1/tools/{tool}/wait",
            Self::Reload => "/v1/reload",
            Self::Stop => "/v1/stop",
            Self::Other => "other",
        }
    }

    /// The route of `path`, and the part of it that names a tool.
    fn of(path: &str) -> (Self, &str) {
        let route = match path {
            "/" => Self::Dashboard,
            "/health" => Self::Health,
            "/livez" => Self::Live,
            "/startupz" => Self::Startup,
            "/readyz" => Self::Ready,
            "/metrics" => Self::Metrics,
            "/events" => Self::Events,
            "/timeline" => Self::Timeline,
            "/v1/reload" => Self::Reload,
            "/v1/stop" => Self::Stop,
            _ => return Self::of_tool(path).unwrap_or((Self::Other, "")),
        };
        (route, "")
    }

    fn of_tool(path: &str) -> Option<(Self, &str)> {
        let (tool, verb) = path.strip_prefix("/v1/tools/")?.split_once('/')?;
        let route = match verb {
            "log" => Self::ToolLog,
            "promote" => Self::Promote,
            "retry" => Self::Retry,
            "wait" => Self::Wait,
            _ => return None,
        };
        Some((route, tool))
    }

    fn changes_something(self) -> bool {
        matches!(self, Self::Promote | Self::Retry | Self::Wait | Self::Reload | Self::Stop)
    }
}

/// What is to be done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answer(Answer),
    Metrics(Exposition),
    Stream,
    Ask(Command),
}

/// Decides on a request of someone with `rights`. `token` is whether showing one could give more.
pub(super) fn decide(
    request: &Request,
    rights: Rights,
    token: bool,
    view: &View,
    now: Timestamp,
) -> (Route, Outcome) {
    let (route, tool) = Route::of(&request.path);
    (route, outcome(route, tool, request, rights, token, view, now).unwrap_or_else(Outcome::Answer))
}

fn outcome(
    route: Route,
    tool: &str,
    request: &Request,
    rights: Rights,
    token: bool,
    view: &View,
    now: Timestamp,
) -> Result<Outcome, Answer> {
    if route == Route::Other {
        return Err(Answer::error(404, "there is nothing here; / shows what there is"));
    }
    allow(route, request.method)?;
    if route.changes_something() && !rights.control {
        return Err(refused(token, "change anything"));
    }
    if route == Route::ToolLog && !rights.details {
        return Err(refused(token, "see logs"));
    }
    let status = view.status.borrow();
    let query = request.query.as_str();
    Ok(match route {
        Route::Dashboard => Outcome::Answer(dashboard::answer()),
        Route::Health => Outcome::Answer(health_answer(request, rights, &status, view, now)),
        Route::Live => Outcome::Answer(Answer::text(200, "ok\n")),
        Route::Startup => Outcome::Answer(startup(&status, view)),
        Route::Ready => Outcome::Answer(readiness(query, &status, view)),
        Route::Metrics => Outcome::Metrics(Exposition::asked_for(&request.accept)),
        Route::Events => Outcome::Stream,
        Route::Timeline => {
            let document = timeline(&status, view.started(now), now, rights.details);
            Outcome::Answer(Answer::json(200, &document))
        }
        Route::ToolLog => {
            let lines = query::values(query, "lines").next();
            let lines = lines.and_then(|lines| lines.parse().ok()).unwrap_or(LOG_LINES);
            let lines = lines.clamp(1, MAX_LOG_LINES);
            Outcome::Ask(Command::ToolLog { tool: known(tool, &status)?, lines })
        }
        Route::Promote => Outcome::Ask(Command::Promote { tool: known(tool, &status)? }),
        Route::Retry => Outcome::Ask(Command::Retry { tool: known(tool, &status)? }),
        Route::Wait => {
            let needed_by = query::values(query, "needed_by").next();
            let needed_by = needed_by.and_then(|name| name.parse().ok());
            Outcome::Ask(Command::Wait { tool: known(tool, &status)?, needed_by })
        }
        Route::Reload => Outcome::Ask(Command::Reload),
        Route::Stop => Outcome::Ask(Command::Stop),
        Route::Other => Outcome::Answer(Answer::error(404, "")),
    })
}

/// Lines of a log that are sent when the request does not say how many.
const LOG_LINES: usize = 100;
const MAX_LOG_LINES: usize = 1000;

fn allow(route: Route, method: Method) -> Result<(), Answer> {
    let (allowed, fields) = if route.changes_something() {
        (method == Method::Post, "POST")
    } else {
        (matches!(method, Method::Get | Method::Head), "GET, HEAD")
    };
    let error = || format!("only {fields} is answered here");
    if allowed { Ok(()) } else { Err(Answer::error(405, &error()).with("Allow", fields)) }
}

fn refused(token: bool, what: &str) -> Answer {
    if token {
        let error = format!("to {what}, send the token: `Authorization: Bearer TOKEN`");
        Answer::error(401, &error).with("WWW-Authenticate", "Bearer")
    } else {
        let error = format!(
            "you can't {what} from here; the control socket takes commands \
             (`lightship-init ctl`), and so does this port once [health] has a token"
        );
        Answer::error(403, &error)
    }
}

/// The tool that a path names.
fn known(name: &str, status: &Status) -> Result<ToolName, Answer> {
    let known = |name: &ToolName| status.tools.contains_key(name);
    query::decode(name)
        .parse()
        .ok()
        .filter(known)
        .ok_or_else(|| Answer::error(404, "the manifest has no such tool"))
}

fn health_answer(
    request: &Request,
    rights: Rights,
    status: &Status,
    view: &View,
    now: Timestamp,
) -> Answer {
    let query = request.query.as_str();
    let (verdict, _) = verdict(status, now);
    let started = view.started(now);
    let strict = query::values(query, "fail_on").any(|word| word == "degraded");
    let code = if strict && verdict == Verdict::Degraded { 503 } else { verdict.http_status() };
    let answer = if accepts(&request.accept, draft::MEDIA_TYPE) {
        let document = draft::draft(status, started, now, rights.details);
        let mut answer = Answer::json(code, &document);
        answer.content_type = draft::MEDIA_TYPE;
        answer
    } else if query::flag(query, "full") {
        let control = view.about.control.as_deref();
        let document = full_health(status, &view.capabilities, started, now, rights, control);
        Answer::json(code, &document)
    } else {
        Answer::json(code, &health(status, started, now))
    };
    patience(answer.with("Vary", "Accept"), code == 503 && view.is_starting())
}

/// Says, where it is so, that it is worth asking again in a second.
fn patience(answer: Answer, passes: bool) -> Answer {
    if passes { answer.with("Retry-After", "1") } else { answer }
}

/// Whether an `Accept` field names this media type.
fn accepts(accept: &str, wanted: &str) -> bool {
    accept.split(',').any(|range| {
        let name = range.split(';').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(wanted)
    })
}

fn startup(status: &Status, view: &View) -> Answer {
    if status.service.was_ready {
        return Answer::text(200, "ok\n");
    }
    let answer = Answer::text(503, "the service has not been ready yet\n");
    patience(answer, view.is_starting())
}

fn readiness(query: &str, status: &Status, view: &View) -> Answer {
    let mut checks = checks::service(status);
    checks.extend(view.about.required.iter().map(|name| checks::tool(status, name)));
    for value in query::values(query, "require") {
        let names = value.split(',').filter(|name| !name.is_empty());
        checks.extend(names.map(|name| required(name, status)));
    }
    let failing: Vec<&str> = checks.iter().filter_map(|check| check.failure.as_deref()).collect();
    let (code, end) = if failing.is_empty() { (200, "ok\n") } else { (503, "not ready\n") };
    let body = if query::flag(query, "verbose") {
        checks.iter().map(line).collect::<String>() + end
    } else if failing.is_empty() {
        end.to_owned()
    } else {
        failing.join("\n") + "\n"
    };
    patience(Answer::text(code, body), code == 503 && !status.stopping)
}

/// A tool that the request requires. Text of the request goes into the answer only where it is
/// a tool's name.
fn required(name: &str, status: &Status) -> Check {
    match name.parse::<ToolName>() {
        Ok(name) => checks::tool(status, &name),
        Err(_) => Check::new("tool", Some("a required tool is not in the manifest".to_owned())),
    }
}

/// A line of the verbose answer.
fn line(check: &Check) -> String {
    match &check.failure {
        None => format!("[+] {} ok\n", check.name),
        Some(why) => format!("[-] {} failed: {why}\n", check.name),
    }
}

#[cfg(test)]
mod tests;
