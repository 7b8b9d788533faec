use super::*;
use crate::event::{Event, Exit, PlannedTool, ToolChange, What};
use crate::state::ToolStatus;
use crate::waits::Waits;

fn name(text: &str) -> ToolName {
    text.parse().unwrap()
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
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

fn plan(tools: &[&str]) -> What {
    let tools = tools.iter().map(|tool| planned(tool)).collect();
    What::Plan { tools, slots: 1, dir: "/tools".into() }
}

fn change(tool: &str, status: ToolStatus) -> What {
    What::Tool(ToolChange::new(name(tool), status))
}

fn waits(tool: &str, waits: Waits) -> What {
    What::Tool(ToolChange::new(name(tool), ToolStatus::Pending).waiting(waits))
}

fn status(tools: &[&str], events: Vec<(u64, What)>) -> Status {
    let mut status = Status::expecting(tools.iter().map(|tool| planned(tool)));
    for (second, what) in events {
        status.apply(&Event::new(at(second), what));
    }
    status
}

/// A line of the timeline in short: kind, from, until.
fn short(stretches: &[Stretch<'_>]) -> Vec<(Kind, u64, Option<u64>)> {
    let second = |time: Timestamp| time.as_millis() / 1000;
    stretches.iter().map(|s| (s.kind, second(s.from), s.until.map(second))).collect()
}

#[test]
fn a_tool_waits_for_the_service_for_another_tool_and_for_a_slot() {
    let events = vec![
        (3, plan(&["rust", "ck"])),
        (3, change("rust", ToolStatus::Installing)),
        (4, waits("ck", Waits::Requires(name("rust")))),
        (9, change("rust", ToolStatus::Installed)),
        (9, waits("ck", Waits::Slot)),
        (12, change("ck", ToolStatus::Installing)),
    ];
    let status = status(&["rust", "ck"], events);
    let timeline = timeline(&status, at(1), at(20), true);
    let rust = [
        (Kind::Service, 1, Some(3)),
        (Kind::Pending, 3, Some(3)),
        (Kind::Installing, 3, Some(9)),
        (Kind::Installed, 9, None),
    ];
    assert_eq!(short(&timeline.tools[&name("rust")]), rust);
    let ck = &timeline.tools[&name("ck")];
    let kinds: Vec<Kind> = ck.iter().map(|stretch| stretch.kind).collect();
    let wanted =
        [Kind::Service, Kind::Pending, Kind::Requires, Kind::Slot, Kind::Installing].to_vec();
    assert_eq!(kinds, wanted);
    assert_eq!((ck[2].tool, ck[2].text), (Some(&name("rust")), Some("waits for rust")));
}

#[test]
fn before_the_loader_has_spoken_every_tool_waits_for_the_service() {
    let status = status(&["rust"], vec![]);
    let timeline = timeline(&status, at(1), at(2), true);
    assert_eq!(short(&timeline.tools[&name("rust")]), [(Kind::Service, 1, None)]);
    assert!(timeline.service.is_empty());
}

#[test]
fn the_history_outlives_a_loader_that_is_started_again() {
    let events = vec![
        (1, plan(&["rust"])),
        (1, change("rust", ToolStatus::Installing)),
        (2, What::LoaderExited { exit: Exit::Signal(9), restart_in_ms: Some(1000) }),
        (3, plan(&["rust"])),
        (3, change("rust", ToolStatus::Installing)),
    ];
    let status = status(&["rust"], events);
    let timeline = timeline(&status, at(1), at(4), true);
    let kinds: Vec<Kind> = timeline.tools[&name("rust")].iter().map(|s| s.kind).collect();
    let once = [Kind::Pending, Kind::Installing];
    assert_eq!(kinds, [&once[..], &[Kind::Loader], &once[..]].concat());
}

#[test]
fn a_tool_that_somebody_asked_for_is_loading_while_it_stands_in_line() {
    let mut tool = planned("later");
    tool.on_demand = true;
    tool.change = tool.change.waiting(Waits::Demand);
    let mut status = Status::expecting([tool]);
    assert!(status.is_complete());
    status.apply(&Event::new(at(1), waits("later", Waits::Slot)));
    assert!(status.is_loading());
}

#[test]
fn the_services_starts_readiness_and_ends_follow_each_other() {
    let started = || What::ServiceStarted { pid: 7, command: vec![] };
    let exit = Exit::Code(1);
    let events = vec![
        (1, started()),
        (2, What::ServiceReady { pid: 7, after_ms: 1000 }),
        (5, What::ServiceExited { exit, restart_in_ms: Some(500) }),
        (6, started()),
        (7, What::Stopping { reason: "SIGTERM".into() }),
        (8, What::ServiceExited { exit, restart_in_ms: None }),
    ];
    let status = status(&[], events);
    let timeline = timeline(&status, at(0), at(9), true);
    let wanted = [
        (Kind::Starting, 1, Some(2)),
        (Kind::Ready, 2, Some(5)),
        (Kind::Down, 5, Some(6)),
        (Kind::Starting, 6, Some(7)),
        (Kind::Stopping, 7, Some(8)),
        (Kind::Down, 8, None),
    ];
    assert_eq!(short(&timeline.service), wanted);
    assert_eq!(timeline.service[2].text, Some("exit code 1, started again after 500 ms"));
}

#[test]
fn texts_are_only_for_those_who_may_see_details() {
    let mut failed = ToolChange::new(name("rust"), ToolStatus::Failed);
    failed.error = Some("can't write /secret/path".to_owned());
    let status = status(&["rust"], vec![(2, What::Tool(failed))]);
    let text = |details| serde_json::to_string(&timeline(&status, at(1), at(3), details)).unwrap();
    assert!(text(true).contains("/secret/path"));
    assert!(!text(false).contains("secret") && text(false).contains("\"failed\""));
}

#[test]
fn nothing_begins_before_lightship_did() {
    let status = status(&["rust"], vec![(3, plan(&["rust"]))]);
    let timeline = timeline(&status, at(5), at(6), true);
    assert_eq!(short(&timeline.tools[&name("rust")]), [(Kind::Pending, 5, None)]);
}

#[test]
fn the_document_as_the_page_reads_it() {
    let events = vec![
        (1, What::ServiceStarted { pid: 7, command: vec![] }),
        (2, waits("ck", Waits::Priority(name("rust")))),
    ];
    let status = status(&["ck"], events);
    let json = serde_json::to_value(timeline(&status, at(1), at(4), true)).unwrap();
    let wanted = serde_json::json!({
        "now": "1970-01-01T00:00:04.000Z",
        "startedAt": "1970-01-01T00:00:01.000Z",
        "service": [{ "kind": "starting", "from": "1970-01-01T00:00:01.000Z" }],
        "tools": { "ck": [
            { "kind": "service", "from": "1970-01-01T00:00:01.000Z",
              "until": "1970-01-01T00:00:02.000Z" },
            { "kind": "priority", "from": "1970-01-01T00:00:02.000Z", "tool": "rust",
              "text": "waits for a slot, after rust" },
        ] },
    });
    assert_eq!(json, wanted);
}
