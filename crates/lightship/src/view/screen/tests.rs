//! Pictures, as a person would see them.

use lightship_model::event::{Event, Phase, PlannedTool, Progress, ToolChange, Unit, What};
use lightship_model::name::ToolName;

use super::*;
use crate::view::scene::Wanted;

const START: u64 = 1_770_202_800_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000)
}

fn name(name: &str) -> ToolName {
    name.parse().unwrap()
}

fn planned(tool: &str, priority: i32) -> PlannedTool {
    PlannedTool {
        change: ToolChange::new(name(tool), ToolStatus::Pending),
        source: "script".into(),
        priority,
        requires: Vec::new(),
        on_demand: tool == "lazy",
        estimate_ms: Some(120_000),
    }
}

/// A service that is ready, and five tools of which each stands differently.
fn scene() -> Scene {
    let mut scene = Scene { service: Some("srv --port 1".into()), ..Scene::default() };
    let tools: Vec<PlannedTool> = ["rust", "ck", "lazy", "broken", "top"]
        .iter()
        .zip(1..)
        .map(|(t, p)| planned(t, p))
        .collect();
    scene.wanted.insert(name("top"), Wanted { version: "2".into(), requires: vec![name("ck")] });
    let progress = Progress {
        phase: Phase::Installing,
        message: Some("Compiling serde v1.0".into()),
        done: Some(1),
        total: Some(2),
        unit: Some(Unit::Crates),
    };
    let installed = ToolChange {
        version: Some("1.91.0".into()),
        took_ms: Some(43_000),
        ..ToolChange::new(name("rust"), ToolStatus::Installed)
    };
    let failed = ToolChange {
        error: Some("error: linker `cc` not found".into()),
        attempt: Some(3),
        ..ToolChange::new(name("broken"), ToolStatus::Failed)
    };
    for (seconds, what) in [
        (0, What::HealthListening { address: "0.0.0.0:3000".into() }),
        (0, What::ServiceStarted { pid: 7, command: vec!["srv".into()] }),
        (1, What::ServiceReady { pid: 7, after_ms: 400 }),
        (1, What::LoaderStarted { pid: 8 }),
        (1, What::Plan { tools, slots: 2, dir: "/t".into() }),
        (2, What::Tool(installed)),
        (2, What::Tool(failed)),
        (3, What::Tool(ToolChange::new(name("ck"), ToolStatus::Installing))),
        (4, What::Progress { name: name("ck"), progress }),
    ] {
        scene.apply(&Event::new(at(seconds), what));
    }
    scene
}

fn frame(width: usize, height: usize) -> Frame {
    Frame { now: at(65), width, height, colour: false }
}

#[test]
fn each_tool_says_how_it_stands() {
    let expected = "\
● service  ready after 0.4s  srv --port 1
✓ rust    1.91.0  installed in 43s
⠹ ck              installing: Compiling serde v1.0            ━━━━━━━━────────     1/2 crates  1m 02s ~2m     \n\
· lazy            loaded when it is asked for
✗ broken          failed, 3 attempts
    error: linker `cc` not found
    log: lightship tools log broken
· top     2       after ck
1 of 4 tools ready, 1 failed, 1 on demand · health http://127.0.0.1:3000/health · Ctrl-C stops";
    assert_eq!(live(&scene(), frame(110, 40), false).join("\n"), expected);
}

#[test]
fn a_narrow_terminal_gets_what_fits() {
    for width in [1, 20, 40, 60, 80, 100] {
        for line in live(&scene(), frame(width, 40), false) {
            assert!(console::measure_text_width(&line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn a_low_terminal_gets_counts_instead_of_lists() {
    let lines = live(&scene(), frame(110, 9), false);
    assert!(lines.len() < 9, "{lines:#?}");
    assert!(lines.iter().any(|line| line == "· 2 waiting"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("Compiling")), "{lines:#?}");
}

#[test]
fn once_settled_the_picture_is_the_service_and_what_to_do_now() {
    let mut scene = scene();
    let what = What::LoadComplete { installed: 1, failed: 1, skipped: 0, took_ms: 92_000 };
    scene.apply(&Event::new(at(92), what));
    scene.apply(&Event::new(at(93), What::Tool(ToolChange::new(name("ck"), ToolStatus::Skipped))));
    let expected = "\
● service  ready after 0.4s  srv --port 1
1 tool ready in 1m 32s, 1 failed, 1 skipped, 1 on demand · health http://127.0.0.1:3000/health
PATH: eval \"$(lightship tools env)\" · Ctrl-C stops";
    assert_eq!(live(&scene, frame(110, 40), true).join("\n"), expected);
    assert_eq!(settled(&scene, frame(110, 40)).len(), 7);
}

#[test]
fn a_stop_is_said_in_the_summary() {
    let scene = Scene { stopping: Some("stopping…".into()), ..scene() };
    let lines = live(&scene, frame(110, 40), false);
    assert!(lines.last().unwrap().ends_with(" · stopping…"), "{lines:#?}");
}
