use serde_json::Value;

use super::*;
use crate::confinement::{Bound, Keeper};
use crate::event::{Event, Exit, PlannedTool, ToolChange, What};

/// The example of the specification's "Extended Health Endpoint", as it stands there.
const EXAMPLE: &str = r#"{
  "status": "healthy",
  "gateway": "running",
  "uptime": 3600,
  "tools": {
    "loading": false,
    "complete": true,
    "status": {
      "rust": "installed",
      "ck-search": "installed",
      "beads_rust": "installed",
      "sentence-transformers": "installed"
    }
  },
  "capabilities": {
    "semanticSearch": true,
    "taskGraph": true,
    "memoryStack": true
  }
}"#;

const TOOLS: [&str; 4] = ["rust", "ck-search", "beads_rust", "sentence-transformers"];

fn name(text: &str) -> ToolName {
    text.parse().unwrap()
}

fn planned(tool: &str) -> PlannedTool {
    PlannedTool {
        change: ToolChange::new(name(tool), ToolStatus::Pending),
        source: "script".into(),
        priority: 1,
        requires: vec![],
        on_demand: false,
        estimate_ms: None,
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn apply(status: &mut Status, seconds: u64, what: What) {
    status.apply(&Event::new(at(seconds), what));
}

fn running() -> Status {
    let mut status = Status::expecting(TOOLS.map(planned));
    apply(&mut status, 0, What::ServiceStarted { pid: 7, command: vec![] });
    apply(&mut status, 1, What::ServiceReady { pid: 7, after_ms: 10 });
    status
}

fn capabilities() -> BTreeMap<String, Vec<ToolName>> {
    [("semanticSearch", "ck-search"), ("taskGraph", "beads_rust")]
        .iter()
        .chain(&[("memoryStack", "sentence-transformers")])
        .map(|(capability, tool)| ((*capability).to_owned(), vec![name(tool)]))
        .collect()
}

/// Keeps of `ours` what `theirs` has, at every level.
fn only_the_fields_of(theirs: &Value, ours: &Value) -> Value {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => theirs
            .iter()
            .map(|(key, value)| (key.clone(), only_the_fields_of(value, &ours[key])))
            .collect(),
        (_, ours) => ours.clone(),
    }
}

#[test]
fn the_full_document_equals_the_specifications_example_field_by_field() {
    let mut status = running();
    for tool in TOOLS {
        apply(&mut status, 2, What::Tool(ToolChange::new(name(tool), ToolStatus::Installed)));
    }
    let ours = full_health(&status, &capabilities(), at(0), at(3600), Rights::default(), None);
    let ours = serde_json::to_value(&ours).unwrap();
    let theirs: Value = serde_json::from_str(EXAMPLE).unwrap();
    assert_eq!(only_the_fields_of(&theirs, &ours), theirs);
}

#[test]
fn without_the_right_nothing_but_the_specifications_fields_is_told() {
    let mut status = running();
    let mut failed = ToolChange::new(name("rust"), ToolStatus::Failed).because("a reason");
    failed.error = Some("an error".into());
    apply(&mut status, 2, What::Tool(failed));
    let message = "a warning".to_owned();
    apply(&mut status, 2, What::Warning { message });
    let document = |details| {
        let rights = Rights { details, control: false };
        let full = full_health(&status, &capabilities(), at(0), at(9), rights, Some("@socket"));
        serde_json::to_value(&full).unwrap()
    };
    let bare = document(false);
    let theirs: Value = serde_json::from_str(EXAMPLE).unwrap();
    let mut rest = bare.clone();
    assert_eq!(rest.as_object_mut().unwrap().remove("rights").unwrap()["details"], false);
    assert_eq!(only_the_fields_of(&theirs, &rest), rest, "more than the specification's fields");
    let all = document(true).to_string();
    for secret in ["an error", "a reason", "a warning", "@socket", "\"pid\":7"] {
        assert!(all.contains(secret) && !bare.to_string().contains(secret), "{secret}");
    }
}

#[test]
fn the_service_is_told_with_its_pauses_and_its_start() {
    let mut status = running();
    apply(&mut status, 5, What::ServiceExited { exit: Exit::Signal(9), restart_in_ms: Some(500) });
    let rights = Rights { details: true, control: false };
    let full = full_health(&status, &capabilities(), at(0), at(6), rights, None);
    let service = full.more.unwrap().service;
    assert_eq!((service.backoff_ms, service.time_to_ready_ms), (Some(500), Some(10)));
    assert_eq!((service.last_exit, service.last_exit_at), (Some(137), Some(at(5))));
    apply(&mut status, 6, What::ServiceStarted { pid: 8, command: vec![] });
    assert_eq!(status.service.restart_in_ms, None);
}

#[test]
fn loading_is_healthy_and_a_failed_tool_is_degraded() {
    let mut status = running();
    assert_eq!(verdict(&status, at(2)).0, Verdict::Healthy);
    assert!(status.is_loading());
    apply(&mut status, 2, What::Tool(ToolChange::new(name("rust"), ToolStatus::Failed)));
    let (verdict, reasons) = verdict(&status, at(3));
    assert_eq!((verdict, verdict.http_status()), (Verdict::Degraded, 200));
    assert_eq!(reasons, ["tool rust failed"]);
}

#[test]
fn a_service_that_is_down_is_unhealthy_and_one_that_came_back_is_degraded_for_a_while() {
    let mut status = running();
    let exit = Exit::Code(1);
    apply(&mut status, 5, What::ServiceExited { exit, restart_in_ms: Some(500) });
    assert_eq!(verdict(&status, at(5)).0.http_status(), 503);
    assert_eq!(health(&status, at(0), at(5)).gateway, "stopped");
    apply(&mut status, 6, What::ServiceStarted { pid: 8, command: vec![] });
    assert_eq!(verdict(&status, at(6)).0, Verdict::Unhealthy);
    apply(&mut status, 7, What::ServiceReady { pid: 8, after_ms: 10 });
    assert_eq!(verdict(&status, at(8)).0, Verdict::Degraded);
    assert_eq!(verdict(&status, at(5 + 301)).0, Verdict::Healthy);
}

#[test]
fn what_a_dead_loader_was_installing_is_pending_again() {
    let mut status = running();
    apply(&mut status, 1, What::LoaderStarted { pid: 9 });
    apply(&mut status, 2, What::Tool(ToolChange::new(name("rust"), ToolStatus::Installing)));
    let exit = Exit::Signal(9);
    apply(&mut status, 3, What::LoaderExited { exit, restart_in_ms: Some(500) });
    assert_eq!(status.tools[&name("rust")].change.status, ToolStatus::Pending);
    assert_eq!(status.loader.state, LoaderState::Restarting);
    assert_eq!(verdict(&status, at(3)).0, Verdict::Healthy);
}

#[test]
fn a_loader_that_ends_well_is_complete_and_one_that_is_given_up_on_degrades() {
    let mut status = running();
    apply(&mut status, 1, What::LoaderExited { exit: Exit::Code(0), restart_in_ms: None });
    assert_eq!(status.loader.state, LoaderState::Complete);
    let mut status = running();
    apply(&mut status, 1, What::LoaderExited { exit: Exit::Code(70), restart_in_ms: None });
    assert_eq!(status.loader.state, LoaderState::Failed);
    assert_eq!(verdict(&status, at(2)).0, Verdict::Degraded);
}

#[test]
fn how_far_installers_are_confined_is_told_with_what_is_missing() {
    let mut status = running();
    let bound = |limit| Bound { by: Keeper::Watch, limit };
    let report = Report {
        level: "landlock-7+seccomp".to_owned(),
        landlock: Some(7),
        seccomp: true,
        memory: bound(1 << 30),
        processes: bound(4096),
        missing: vec!["no control group".to_owned()],
    };
    apply(&mut status, 2, What::Confinement(report));
    let mut change = ToolChange::new(name("rust"), ToolStatus::Installed);
    change.confinement = Some("landlock-7+seccomp".to_owned());
    apply(&mut status, 3, What::Tool(change));
    let rights = Rights { details: true, control: false };
    let full = full_health(&status, &capabilities(), at(0), at(9), rights, None);
    let document = serde_json::to_value(full).unwrap();
    let told = &document["loader"]["confinement"];
    assert_eq!(told["level"], "landlock-7+seccomp");
    assert_eq!(
        (&told["memory"]["by"], &told["memory"]["limit"]),
        (&"watch".into(), &(1 << 30).into())
    );
    assert_eq!(told["missing"][0], "no control group");
    assert_eq!(document["tools"]["details"]["rust"]["confinement"], "landlock-7+seccomp");
}
