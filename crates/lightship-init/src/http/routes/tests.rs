use std::time::Duration;

use lightship_model::event::{Event, PlannedTool, ToolChange, What};
use lightship_model::state::ToolStatus;
use serde_json::Value;

use super::super::request::{Parsed, parse};
use super::*;

const NONE: Rights = Rights { details: false, control: false };
const SEES: Rights = Rights { details: true, control: false };
const ALL: Rights = Rights { details: true, control: true };

fn view(ready: bool) -> View {
    let name: ToolName = "g++".parse().unwrap();
    let tool = PlannedTool {
        change: ToolChange::new(name, ToolStatus::Pending),
        source: "script".to_owned(),
        priority: 1,
        requires: vec![],
        on_demand: false,
        estimate_ms: None,
    };
    let mut view = View::new(Status::expecting([tool]), std::collections::BTreeMap::new());
    view.about.start_period = Duration::from_mins(1);
    tell(&view, What::ServiceStarted { pid: 7, command: vec![] });
    if ready {
        tell(&view, What::ServiceReady { pid: 7, after_ms: 1 });
    }
    view
}

fn tell(view: &View, what: What) {
    view.status.borrow_mut().apply(&Event::new(View::now(), what));
}

fn fail_tool(view: &View) {
    let mut change = ToolChange::new("g++".parse().unwrap(), ToolStatus::Failed);
    change.error = Some("a secret".to_owned());
    tell(view, What::Tool(change));
}

/// Sends `METHOD TARGET` with more header fields.
fn send(view: &View, rights: Rights, line: &str, fields: &str) -> Outcome {
    let text = format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let Parsed::Whole { request, .. } = parse(text.as_bytes()) else { panic!("{text}") };
    decide(&request, rights, false, view, View::now()).1
}

fn answered(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn get(view: &View, target: &str) -> (u16, String) {
    let answer = answered(send(view, NONE, &format!("GET {target}"), ""));
    (answer.status, answer.body.into_owned())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn field<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let field = answer.fields.iter().find(|(field, _)| *field == name);
    field.map(|(_, value)| value.as_ref())
}

#[test]
fn each_probe_has_one_meaning() {
    let starting = view(false);
    let codes =
        |view: &View| ["/livez", "/startupz", "/readyz", "/health"].map(|path| get(view, path).0);
    assert_eq!(codes(&starting), [200, 503, 503, 503]);
    let running = view(true);
    assert_eq!(codes(&running), [200; 4]);
    tell(&running, What::Stopping { reason: String::new() });
    assert_eq!(codes(&running), [200, 200, 503, 503]);
}

#[test]
fn patience_is_asked_for_only_where_it_helps() {
    let retry = |view: &View, path: &str| {
        let answer = answered(send(view, NONE, &format!("GET {path}"), ""));
        field(&answer, "Retry-After").is_some()
    };
    let mut starting = view(false);
    assert!(["/health", "/startupz", "/readyz"].iter().all(|path| retry(&starting, path)));
    starting.about.start_period = Duration::ZERO;
    assert!(!retry(&starting, "/health") && !retry(&starting, "/startupz"));
    let running = view(true);
    assert!(!retry(&running, "/health") && retry(&running, "/readyz?require=g++"));
    tell(&running, What::Stopping { reason: String::new() });
    assert!(!retry(&running, "/health") && !retry(&running, "/readyz"));
}

#[test]
fn readiness_waits_for_the_tools_that_are_required() {
    let mut view = view(true);
    assert_eq!(get(&view, "/readyz?require=g++"), (503, "tool g++ is pending\n".to_owned()));
    assert_eq!(get(&view, "/readyz?require=g%2B%2B,x").1.lines().count(), 2);
    let script = get(&view, "/readyz?require=%3Cscript%3E");
    assert_eq!(script, (503, "a required tool is not in the manifest\n".to_owned()));
    view.about.required = vec!["g++".parse().unwrap()];
    assert_eq!(get(&view, "/readyz").0, 503);
    let change = ToolChange::new("g++".parse().unwrap(), ToolStatus::Installed);
    tell(&view, What::Tool(change));
    assert_eq!(get(&view, "/readyz?require=g++").0, 200);
    assert_eq!(get(&view, "/readyz").0, 200);
}

#[test]
fn verbose_readiness_has_a_line_for_each_check() {
    let view = view(true);
    assert_eq!(
        get(&view, "/readyz?verbose&require=g++").1,
        "[+] not-stopping ok\n[+] service-running ok\n[+] service-ready ok\n\
         [-] tool-g++ failed: tool g++ is pending\nnot ready\n"
    );
}

#[test]
fn the_full_document_is_asked_for() {
    let view = view(true);
    assert_eq!(json(&get(&view, "/health").1).as_object().unwrap().len(), 3);
    for query in ["full=true", "full=1", "full"] {
        let full = json(&get(&view, &format!("/health?{query}")).1);
        assert_eq!(full["tools"]["status"]["g++"], "pending");
        assert_eq!(full["rights"]["details"], false);
        assert!(full["reasons"].is_null());
    }
    let full = answered(send(&view, ALL, "GET /health?full=true", ""));
    let full = json(&full.body);
    assert_eq!((&full["rights"]["control"], &full["service"]["pid"]), (&true.into(), &7.into()));
}

#[test]
fn degraded_fails_only_those_who_ask_for_it() {
    let view = view(true);
    assert_eq!(get(&view, "/health?fail_on=degraded").0, 200);
    fail_tool(&view);
    assert_eq!(get(&view, "/health").0, 200);
    assert_eq!(get(&view, "/health?fail_on=degraded").0, 503);
    assert_eq!(get(&view, "/health?full=true&fail_on=degraded").0, 503);
    assert_eq!(get(&view, "/health?fail_on=unhealthy").0, 200);
}

#[test]
fn the_drafts_shape_is_sent_to_those_who_name_it() {
    let view = view(true);
    fail_tool(&view);
    let asked = "Accept: text/html, application/health+json;q=0.9\r\n";
    let answer = answered(send(&view, NONE, "GET /health", asked));
    assert_eq!(answer.content_type, "application/health+json");
    assert_eq!(field(&answer, "Vary"), Some("Accept"));
    assert_eq!(json(&answer.body)["status"], "warn");
    assert!(!answer.body.contains("a secret"));
    assert!(answered(send(&view, SEES, "GET /health", asked)).body.contains("a secret"));
    let plain = answered(send(&view, NONE, "GET /health", "Accept: */*\r\n"));
    assert_eq!((plain.content_type, field(&plain, "Vary")), ("application/json", Some("Accept")));
}

#[test]
fn what_is_not_there_and_what_is_not_allowed_are_json() {
    let view = view(true);
    for path in ["/nope", "/health/", "/v1", "/v1/tools", "/v1/tools/g++", "/v1/tools/g++/eat", "*"]
    {
        let (status, body) = get(&view, path);
        assert_eq!(status, 404, "{path}");
        assert!(json(&body)["error"].is_string());
    }
    for (line, allowed) in [
        ("POST /health", "GET, HEAD"),
        ("DELETE /", "GET, HEAD"),
        ("OPTIONS /events", "GET, HEAD"),
        ("POST /v1/tools/g++/log", "GET, HEAD"),
        ("GET /v1/stop", "POST"),
        ("HEAD /v1/tools/g++/promote", "POST"),
    ] {
        let answer = answered(send(&view, ALL, line, ""));
        assert_eq!((answer.status, field(&answer, "Allow")), (405, Some(allowed)), "{line}");
        assert!(json(&answer.body)["error"].is_string());
    }
    assert_eq!(answered(send(&view, ALL, "POST /nope", "")).status, 404);
}

#[test]
fn commands_are_for_those_with_the_right() {
    let view = view(true);
    let tool: ToolName = "g++".parse().unwrap();
    for (line, command) in [
        ("POST /v1/tools/g++/promote", Command::Promote { tool: tool.clone() }),
        ("POST /v1/tools/g%2B%2B/retry", Command::Retry { tool: tool.clone() }),
        ("POST /v1/reload", Command::Reload),
        ("POST /v1/stop", Command::Stop),
    ] {
        assert_eq!(send(&view, ALL, line, ""), Outcome::Ask(command), "{line}");
        for rights in [NONE, SEES] {
            assert_eq!(answered(send(&view, rights, line, "")).status, 403, "{line}");
        }
    }
    for tool in ["x", "%2e%2e", "-rf"] {
        let answer = answered(send(&view, ALL, &format!("POST /v1/tools/{tool}/retry"), ""));
        assert_eq!(answer.status, 404);
    }
}

#[test]
fn who_could_show_a_token_is_told_so() {
    let text = "POST /v1/stop HTTP/1.1\r\nHost: x\r\n\r\n";
    let Parsed::Whole { request, .. } = parse(text.as_bytes()) else { panic!() };
    let (route, outcome) = decide(&request, NONE, true, &view(true), View::now());
    let answer = answered(outcome);
    assert_eq!((route, answer.status), (Route::Stop, 401));
    assert_eq!(field(&answer, "WWW-Authenticate"), Some("Bearer"));
}

#[test]
fn logs_are_a_detail_and_have_a_length() {
    let view = view(true);
    let log = |query: &str| match send(&view, SEES, &format!("GET /v1/tools/g++/log{query}"), "") {
        Outcome::Ask(Command::ToolLog { lines, .. }) => lines,
        other => panic!("{other:?}"),
    };
    assert_eq!((log(""), log("?lines=5"), log("?lines=999999")), (100, 5, 1000));
    assert_eq!((log("?lines=0"), log("?lines=-1"), log("?lines=x")), (1, 100, 100));
    assert_eq!(answered(send(&view, NONE, "GET /v1/tools/g++/log", "")).status, 403);
}

#[test]
fn the_timeline_has_every_tool() {
    let view = view(true);
    let tools = json(&get(&view, "/timeline").1);
    assert_eq!(tools["tools"]["g++"][0]["kind"], "service");
}

#[test]
fn metrics_and_events_are_for_everybody() {
    let view = view(true);
    let open = "Accept: application/openmetrics-text\r\n";
    let open = send(&view, NONE, "GET /metrics", open);
    assert_eq!(open, Outcome::Metrics(Exposition::OpenMetrics));
    assert_eq!(send(&view, NONE, "GET /events", ""), Outcome::Stream);
}
