use lightship_model::event::{Event, PlannedTool, ToolChange, What};

use super::*;

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
    let view = View::new(Status::expecting([tool]), std::collections::BTreeMap::new());
    tell(&view, What::ServiceStarted { pid: 7, command: vec![] });
    if ready {
        tell(&view, What::ServiceReady { pid: 7, after_ms: 1 });
    }
    view
}

fn tell(view: &View, what: What) {
    view.status.borrow_mut().apply(&Event::new(View::now(), what));
}

fn get(view: &View, target: &str) -> (u16, String) {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let answer = answer(true, path, query, view);
    (answer.status, answer.body)
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
fn readiness_waits_for_the_tools_that_are_required() {
    let view = view(true);
    assert_eq!(get(&view, "/readyz?require=g++"), (503, "tool g++ is pending\n".to_owned()));
    assert_eq!(get(&view, "/readyz?require=g%2B%2B,x").1.lines().count(), 2);
    let script = get(&view, "/readyz?require=%3Cscript%3E");
    assert_eq!(script, (503, "a required tool is not in the manifest\n".to_owned()));
    let change = ToolChange::new("g++".parse().unwrap(), ToolStatus::Installed);
    tell(&view, What::Tool(change));
    assert_eq!(get(&view, "/readyz?require=g++").0, 200);
}

#[test]
fn the_full_document_is_asked_for() {
    let view = view(true);
    let short: serde_json::Value = serde_json::from_str(&get(&view, "/health").1).unwrap();
    assert_eq!(short.as_object().unwrap().len(), 3);
    let full: serde_json::Value = serde_json::from_str(&get(&view, "/health?full=true").1).unwrap();
    assert_eq!(full["tools"]["status"]["g++"], "pending");
}

#[test]
fn what_is_not_there_and_what_is_not_allowed_are_json() {
    let view = view(true);
    let (status, body) = get(&view, "/nope");
    assert_eq!(status, 404);
    assert!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["error"].is_string());
    assert_eq!(answer(false, "/health", None, &view).status, 405);
    assert_eq!(answer(false, "/nope", None, &view).status, 404);
}

#[test]
fn percent_signs_that_encode_nothing_stay() {
    assert_eq!(decode("a%2Cb%"), "a,b%");
    assert_eq!(decode("%zz%4"), "%zz%4");
}
