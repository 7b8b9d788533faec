//! Any bytes as what a loader writes: what is understood of them, what is remembered, and every
//! document made from that.

use lightship_model::event::{Event, MAX_WORDS, ToolChange, What};
use lightship_model::health::{Rights, draft, full_health};
use lightship_model::metrics::{self, Exposition, Writer};
use lightship_model::name::ToolName;
use lightship_model::status::Status;
use lightship_model::time::Timestamp;
use lightship_model::timeline::{Stretch, timeline};
use serde::Serialize;

use super::pieces;
use crate::lines::{LIMIT, Line, Lines};
use crate::loader_link::LoaderLink;

const MAX_WARNINGS: usize = 16;
const MAX_MARKS: usize = 32;

/// Reads `bytes` as a loader's output.
pub fn events(bytes: &[u8]) {
    let lines = lines(&[bytes]);
    assert_eq!(lines, self::lines(&pieces(bytes, 50)), "pieces make a difference");
    let heard = heard(&[bytes]);
    assert_eq!(heard, self::heard(&pieces(bytes, 50)), "pieces make a difference");
    // As PID 1 has them: its own times, which only grow.
    let stamped = heard.into_iter().zip(1..).map(|(what, count)| Event::new(second(count), what));
    let now = apply(&stamped.collect::<Vec<_>>());
    in_order(&now);
    within_bounds(&now);
    // As anybody has them who reads a feed: of every kind, with any times.
    let any = lines.iter().filter_map(|line| match line {
        Line::Text(text) => Event::from_line(text),
        Line::Unusable => None,
    });
    apply(&any.inspect(reads_back).collect::<Vec<_>>());
}

fn second(count: u64) -> Timestamp {
    Timestamp::from_millis(count * 1000)
}

fn lines(input: &[&[u8]]) -> Vec<Line> {
    let mut lines = Lines::default();
    let found: Vec<Line> = input.iter().flat_map(|bytes| lines.push(bytes)).collect();
    for line in &found {
        let fits = |text: &String| text.len() <= LIMIT && !text.contains('\n');
        assert!(!matches!(line, Line::Text(text) if !fits(text)), "a line that is none");
    }
    found
}

fn heard(input: &[&[u8]]) -> Vec<What> {
    let Ok((mut link, _ends)) = LoaderLink::new() else { panic!("no pipe") };
    let said: Vec<What> = input.iter().flat_map(|bytes| link.take(bytes)).collect();
    let own = |what: &What| {
        matches!(
            what,
            What::Plan { .. }
                | What::Tool(_)
                | What::Progress { .. }
                | What::LoadComplete { .. }
                | What::Warning { .. }
        )
    };
    assert!(said.iter().all(own), "a loader speaks for others");
    said
}

/// An event that was read is written in a way that is read as the same.
fn reads_back(event: &Event) {
    let line = event.to_line();
    assert_eq!(line.matches('\n').count(), 1);
    assert_eq!(Event::from_line(&line).as_ref(), Some(event), "{line}");
}

/// Remembers `events`, and checks everything that is made from what is remembered.
fn apply(events: &[Event]) -> Status {
    let mut status = Status::default();
    for event in events {
        status.apply(event);
    }
    assert!(status.warnings.len() <= MAX_WARNINGS);
    for (name, tool) in &status.tools {
        assert!(*name == tool.change.name && tool.history.marks().len() <= MAX_MARKS);
    }
    assert!(status.service.history.marks().len() <= MAX_MARKS);
    for details in [true, false] {
        documents(&status, details);
    }
    for format in [Exposition::Prometheus, Exposition::OpenMetrics] {
        samples(&status, format);
    }
    crate::http::fuzz_journal(events);
    status
}

/// However much a loader says, little of it is kept.
fn within_bounds(status: &Status) {
    let change =
        |change: &ToolChange| [change.error.clone(), change.reason.clone(), change.version.clone()];
    let tools = status.tools.values().flat_map(|tool| {
        let message = tool.progress.as_ref().and_then(|progress| progress.message.clone());
        change(&tool.change).into_iter().chain([message, Some(tool.source.clone())])
    });
    for words in tools.flatten().chain(status.warnings.iter().cloned()) {
        assert!(words.chars().count() <= MAX_WORDS, "{} bytes are kept", words.len());
    }
}

/// Serialises `document` and reads it again.
fn json(document: &impl Serialize) -> serde_json::Value {
    let text = serde_json::to_string(document);
    let value = text.as_ref().map(|text| serde_json::from_str(text));
    let Ok(Ok(value)) = value else { panic!("{value:?}") };
    value
}

fn documents(status: &Status, details: bool) {
    let (started, now) = (second(0), second(100_000));
    let rights = Rights { details, control: false };
    let all: Vec<ToolName> = status.tools.keys().cloned().collect();
    let capabilities = [("all".to_owned(), all)].into();
    let document = json(&full_health(status, &capabilities, started, now, rights, None));
    let tools = &document["tools"];
    let count = tools["status"].as_object().map(serde_json::Map::len);
    assert_eq!(count, Some(status.tools.len()));
    assert_eq!(tools["details"].is_object(), details);
    assert_eq!(tools["complete"], !tools["loading"].as_bool().unwrap_or(true));
    let word = document["status"].as_str().unwrap_or_default();
    assert!(["healthy", "degraded", "unhealthy"].contains(&word), "{word}");
    let draft = json(&draft::draft(status, started, now, details));
    assert!(["pass", "warn", "fail"].contains(&draft["status"].as_str().unwrap_or_default()));
    let times = timeline(status, started, now, details);
    assert_eq!(times.tools.len(), status.tools.len());
    for stretch in times.tools.values().flatten().chain(&times.service) {
        assert!(stretch.from >= started && (details || stretch.text.is_none()));
    }
    json(&times);
}

/// With times that only grow, stretches follow each other.
fn in_order(status: &Status) {
    let times = timeline(status, second(0), second(100_000), true);
    for stretches in times.tools.values() {
        let ends = stretches.iter().map(|stretch| stretch.until);
        let begins = stretches.iter().skip(1).map(|stretch| Some(stretch.from)).chain([None]);
        assert!(ends.eq(begins), "stretches with gaps: {stretches:?}");
        let forward = |stretch: &Stretch<'_>| stretch.until.is_none_or(|end| end >= stretch.from);
        assert!(stretches.iter().all(forward), "time goes back: {stretches:?}");
    }
}

fn samples(status: &Status, format: Exposition) {
    let mut out = Writer::new(format);
    metrics::write(&mut out, status, "x86_64-linux", second(0), second(100_000));
    let text = out.finish();
    assert_eq!(text.ends_with("# EOF\n"), format == Exposition::OpenMetrics);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit_once(' ').and_then(|(_, value)| value.parse::<f64>().ok());
        assert!(value.is_some_and(f64::is_finite) && line.starts_with("lightship_"), "{line}");
    }
}
