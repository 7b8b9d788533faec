//! The journal after any events: bounded, in order, and each of its texts one event.

use std::time::Duration;

use lightship_model::event::Event;
use serde_json::Value;

use super::super::journal::Journal;

/// What everybody may see of an event, and nothing else.
const PLAIN: [&str; 16] = [
    "at",
    "event",
    "name",
    "status",
    "attempt",
    "tookMs",
    "afterMs",
    "installed",
    "failed",
    "skipped",
    "phase",
    "done",
    "total",
    "unit",
    "progress",
    "tools",
];
const FIRST: u64 = 1000;

/// Takes all `events` in, one every 100 ms.
pub(crate) fn journal(events: &[Event]) {
    let mut journal = Journal::new(FIRST);
    let mut now = Duration::ZERO;
    for event in events {
        now += Duration::from_millis(100);
        journal.release(now);
        journal.push(event, now);
    }
    if let Some(due) = journal.deadline() {
        assert!(due <= now + Duration::from_secs(1), "held back too long");
        journal.release(due.max(now));
    }
    journal.release(now + Duration::from_secs(1));
    assert_eq!(journal.deadline(), None, "something is held back for good");
    let (mut full, mut bare) = (0, 0);
    for (details, size) in [(true, &mut full), (false, &mut bare)] {
        let mut id = 0;
        let mut count = 0;
        while let Some((next, text)) = journal.after(id, details) {
            assert!(next > id && next > FIRST && next <= journal.newest(), "ids go back");
            is_one_event(next, text, details);
            id = next;
            count += 1;
            *size += text.len();
        }
        assert!(count <= 256, "{count} events are kept");
    }
    assert!(full + bare <= 256 * 1024, "{full} and {bare} bytes are kept");
    assert!(journal.reaches(journal.newest()) && !journal.reaches(journal.newest() + 1));
}

fn is_one_event(id: u64, text: &str, details: bool) {
    let lines: Vec<&str> = text.split('\n').collect();
    let [first, event, data, "", ""] = lines[..] else { panic!("{text:?} is not one event") };
    assert_eq!(first, format!("id: {id}"));
    let data = data.strip_prefix("data: ").map(serde_json::from_str::<Value>);
    let Some(Ok(Value::Object(data))) = data else { panic!("{text:?} has no data") };
    assert_eq!(event.strip_prefix("event: "), data["event"].as_str());
    if !details {
        let secret = data.keys().find(|key| !PLAIN.contains(&key.as_str()));
        assert_eq!(secret, None, "{text}");
    }
}
