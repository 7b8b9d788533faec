//! The stream of events.

use std::time::Instant;

use lightship_model::event::{Phase, Progress, ToolChange, What};
use lightship_model::state::ToolStatus;
use serde_json::Value;

use super::super::Access;
use super::serving::{PATIENCE, Serving, read_all};

const REBOUND: &str = "X-Forwarded-For: 192.0.2.1\r\n";

fn warning(number: usize) -> What {
    What::Warning { message: format!("warning {number}") }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_stream_begins_with_all_that_is_known_and_goes_on_with_what_changes() {
    let serving = Serving::new();
    let mut events = serving.events("");
    let (id, snapshot) = events.next("snapshot");
    assert_eq!(json(&snapshot)["tools"]["status"]["tool-0"], "pending");
    let change = ToolChange::new("tool-0".parse().unwrap(), ToolStatus::Installing);
    serving.tell(What::Tool(change));
    let (next, change) = events.next("tool");
    assert_eq!(next, id.map(|id| id + 1));
    assert_eq!(json(&change)["status"], "installing");
}

#[test]
fn who_comes_back_hears_what_it_missed_and_nothing_twice() {
    let serving = Serving::new();
    let mut first = serving.events("");
    first.next("snapshot");
    serving.tell(warning(1));
    let (id, _) = first.next("warning");
    drop(first);
    serving.tell(warning(2));
    serving.tell(warning(3));
    let mut again = serving.events(&format!("Last-Event-ID: {}\r\n", id.unwrap()));
    for number in [2, 3] {
        let block = again.block();
        assert!(block.contains(&format!("warning {number}")), "{block}");
    }
    for unknown in ["1", "99999999999999999", "x"] {
        let mut events = serving.events(&format!("Last-Event-ID: {unknown}\r\n"));
        let block = events.block();
        assert!(block.contains("event: snapshot\n"), "{block}");
    }
}

#[test]
fn who_missed_too_much_is_given_a_snapshot() {
    let serving = Serving::new();
    let (id, _) = serving.events("").next("snapshot");
    for number in 0..300 {
        serving.tell(warning(number));
    }
    // All of them are in.
    serving.size();
    let mut again = serving.events(&format!("Last-Event-ID: {}\r\n", id.unwrap()));
    assert!(again.block().contains("event: snapshot\n"));
}

#[test]
fn without_the_right_a_stream_tells_no_details() {
    let serving = Serving::new();
    let mut events = serving.events(REBOUND);
    let (_, snapshot) = events.next("snapshot");
    assert!(!snapshot.contains("a secret reason") && !snapshot.contains("4711"), "{snapshot}");
    let name = "tool-0".parse().unwrap();
    let mut change = ToolChange::new(name, ToolStatus::Failed).because("a secret reason");
    change.error = Some("a secret error".to_owned());
    serving.tell(What::Tool(change));
    let (_, data) = events.next("tool");
    assert!(!data.contains("secret") && data.contains("failed"), "{data}");
}

#[test]
fn the_last_progress_arrives_without_anything_else_happening() {
    let serving = Serving::new();
    let mut events = serving.events("");
    events.next("snapshot");
    for done in 0..50 {
        serving.tell(What::Progress {
            name: "tool-0".parse().unwrap(),
            progress: Progress {
                phase: Phase::Downloading,
                done: Some(done),
                ..Progress::default()
            },
        });
    }
    let mut seen = 0;
    loop {
        let (_, data) = events.next("progress");
        seen += 1;
        if json(&data)["progress"]["done"] == 49 {
            break;
        }
    }
    assert!(seen < 25, "{seen} of 50 were told");
}

#[test]
fn a_hundred_clients_of_which_half_never_read_cost_little_and_disturb_nobody() {
    let serving = Serving::with(Access::default(), 50);
    let mut readers: Vec<_> = (0..50).map(|_| serving.events("")).collect();
    let silent: Vec<_> = (0..50).map(|_| serving.events("")).collect();
    for number in 0..2000 {
        serving.tell(What::Warning { message: format!("{number} {}", "x".repeat(2000)) });
        if number % 100 == 99 {
            // Those who read keep up, each with the newest.
            for events in &mut readers {
                while !events.next("warning").1.contains(&format!("\"{number} x")) {}
            }
        }
    }
    let (connections, memory) = serving.size();
    assert!(connections <= 100);
    assert!(memory < 100 * 64 * 1024, "{memory} bytes for {connections} connections");
    let begun = Instant::now();
    assert!(serving.get("/livez", "").ends_with("ok\n"));
    assert!(begun.elapsed() < PATIENCE);
    drop(silent);
}

#[test]
fn more_streams_than_there_is_room_for_are_refused() {
    let serving = Serving::new();
    let held: Vec<_> = (0..128).map(|_| serving.events("")).collect();
    let answer = serving.get("/events", "");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("Retry-After: 10"), "{answer}");
    assert!(serving.get("/metrics", "").contains("\nlightship_event_clients 128\n"));
    drop(held);
}

#[test]
fn at_the_end_streams_are_told_and_closed_and_others_still_answered() {
    let serving = Serving::new();
    let mut events = serving.events("");
    let idle = serving.connect();
    events.next("snapshot");
    serving.size();
    serving.shutdown();
    assert_eq!(events.next("shutdown"), (None, "{}".to_owned()));
    assert_eq!(events.block(), "");
    assert_eq!(read_all(idle), "");
    assert!(serving.get("/livez", "").ends_with("ok\n"));
    let mut late = serving.events("");
    late.next("snapshot");
    late.next("shutdown");
}
