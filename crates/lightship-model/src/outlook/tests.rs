use super::*;
use crate::event::{Event, Exit, Phase, PlannedTool, Progress, ToolChange, What};
use crate::time::Timestamp;

fn name(text: &str) -> ToolName {
    text.parse().unwrap()
}

/// A status in which `ck` requires `rust`, with a loader that runs.
fn status() -> Status {
    let planned = |tool: &str, requires: &[&str]| PlannedTool {
        change: ToolChange::new(name(tool), ToolStatus::Pending),
        source: "script".to_owned(),
        priority: 1,
        requires: requires.iter().map(|tool| name(tool)).collect(),
        on_demand: tool == "ck",
        estimate_ms: None,
    };
    let mut status = Status::expecting([planned("ck", &["rust"]), planned("rust", &["ck"])]);
    tell(&mut status, What::LoaderStarted { pid: 7 });
    status
}

fn tell(status: &mut Status, what: What) {
    status.apply(&Event::new(Timestamp::from_millis(0), what));
}

fn tool(status: &mut Status, tool: &str, now: ToolStatus, error: Option<&str>) {
    let error = error.map(str::to_owned);
    tell(status, What::Tool(ToolChange { error, ..ToolChange::new(name(tool), now) }));
}

fn of(status: &Status, promised: bool) -> Outlook {
    Outlook::of(status, &name("ck"), promised)
}

#[test]
fn what_is_being_installed_is_told_even_when_it_is_only_required() {
    let mut status = status();
    assert_eq!(of(&status, true).words, "is about to be loaded");
    tool(&mut status, "rust", ToolStatus::Installing, None);
    let progress = Progress {
        phase: Phase::Downloading,
        done: Some(45),
        total: Some(100),
        ..Progress::default()
    };
    tell(&mut status, What::Progress { name: name("rust"), progress });
    assert_eq!(of(&status, true).words, "waits for rust: downloading 45%");
    tool(&mut status, "rust", ToolStatus::Installed, None);
    tool(&mut status, "ck", ToolStatus::Installing, None);
    assert_eq!(of(&status, true).words, "installing");
    tool(&mut status, "ck", ToolStatus::Installed, None);
    assert_eq!(of(&status, true).end, Some(End::Installed));
}

#[test]
fn an_old_failure_is_no_end_for_who_has_asked_again() {
    let mut status = status();
    tool(&mut status, "ck", ToolStatus::Failed, Some("no such crate"));
    assert_eq!(of(&status, true).end, None);
    let failed = of(&status, false);
    assert_eq!((failed.end, failed.reason.as_str()), (Some(End::Failed), "no such crate"));
}

#[test]
fn what_failed_for_a_requirement_says_which() {
    let mut status = status();
    tool(&mut status, "rust", ToolStatus::Failed, Some("no space"));
    tool(&mut status, "ck", ToolStatus::Skipped, None);
    let failed = of(&status, false);
    assert_eq!(failed.end, Some(End::Failed));
    assert_eq!(failed.reason, "it requires rust, which failed: no space");
}

#[test]
fn nobody_waits_for_a_loader_that_will_not_come() {
    let mut status = status();
    let exited = |restart_in_ms| What::LoaderExited { exit: Exit::Code(1), restart_in_ms };
    tell(&mut status, exited(Some(5)));
    assert_eq!(of(&status, true).end, None, "it is started again");
    tell(&mut status, exited(None));
    let gone = of(&status, true);
    assert_eq!(gone.end, Some(End::Hopeless));
    assert!(gone.reason.contains("given up"));

    tell(&mut status, What::LoaderStarted { pid: 8 });
    let done = What::LoadComplete { installed: 0, failed: 0, skipped: 0, took_ms: 1 };
    tell(&mut status, done);
    assert_eq!(of(&status, true).end, None, "another one is started for the promise");
    assert_eq!(of(&status, false).end, Some(End::Hopeless));
    tell(&mut status, What::Stopping { reason: String::new() });
    assert_eq!(of(&status, true).reason, "lightship is stopping");
}

#[test]
fn it_is_told_as_json() {
    let text = serde_json::to_string(&of(&status(), true)).unwrap();
    let expected = "{\"tool\":\"ck\",\"status\":\"pending\",\"words\":\"is about to be loaded\"}";
    assert_eq!(text, expected);
}
