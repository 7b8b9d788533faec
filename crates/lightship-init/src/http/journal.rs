//! The events of the stream `/events`: the newest ones, each with an id that only grows, as they
//! go over the wire. Clients keep nothing but how far they have read; one that comes back is
//! given what it missed, or a snapshot when that is no longer known.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use lightship_model::event::{Event, What};
use lightship_model::name::ToolName;
use serde_json::{Map, Value};

/// How many events are kept.
const CAPACITY: usize = 256;
/// How much text is kept, in bytes.
const MAX_TEXT: usize = 256 * 1024;
/// Progress of one tool is told at most so often.
const PACE: Duration = Duration::from_millis(250);
/// Progress of more tools than this at once is not told.
const MAX_TOOLS: usize = 256;

/// The id of an event; of a snapshot, the id of the last event that is in it.
pub(super) type Id = u64;

/// The newest events.
#[derive(Debug)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    text: usize,
    newest: Id,
    /// Up to here, events may be gone.
    lost: Id,
    pace: BTreeMap<ToolName, Pace>,
}

#[derive(Debug)]
struct Entry {
    id: Id,
    /// Everything, for those who may see details.
    full: String,
    bare: String,
    /// Progress of this tool: nobody needs it once there is newer.
    progress: Option<ToolName>,
}

/// When a tool's progress was told last, and what has to wait.
#[derive(Debug, Default)]
struct Pace {
    told: Duration,
    held: Option<Event>,
}

impl Journal {
    /// An empty journal. `first` is what ids begin behind: larger at each start, so that an id of
    /// an earlier life is not taken for one of this.
    pub(super) fn new(first: Id) -> Self {
        Self {
            entries: VecDeque::new(),
            text: 0,
            newest: first,
            lost: first,
            pace: BTreeMap::new(),
        }
    }

    pub(super) fn newest(&self) -> Id {
        self.newest
    }

    /// Whether everything behind `id` is still there.
    pub(super) fn reaches(&self, id: Id) -> bool {
        (self.lost..=self.newest).contains(&id)
    }

    /// Takes an event in.
    pub(super) fn push(&mut self, event: &Event, now: Duration) {
        match &event.what {
            What::Progress { name, .. } => self.progress(name, event, now),
            What::Tool(change) => {
                // Its progress until now is of no interest any more.
                self.forget(&change.name);
                self.pace.remove(&change.name);
                self.write(event, None);
            }
            _ => self.write(event, None),
        }
    }

    fn progress(&mut self, name: &ToolName, event: &Event, now: Duration) {
        if let Some(pace) = self.pace.get_mut(name) {
            if now < pace.told + PACE {
                pace.held = Some(event.clone());
                return;
            }
        } else if self.pace.len() >= MAX_TOOLS {
            return;
        }
        self.pace.insert(name.clone(), Pace { told: now, held: None });
        self.write(event, Some(name));
    }

    /// When progress that was held back is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let held = self.pace.values().filter(|pace| pace.held.is_some());
        held.map(|pace| pace.told + PACE).min()
    }

    /// Tells the progress that was held back and is due.
    pub(super) fn release(&mut self, now: Duration) {
        let mut due = Vec::new();
        for pace in self.pace.values_mut().filter(|pace| now >= pace.told + PACE) {
            if let Some(event) = pace.held.take() {
                pace.told = now;
                due.push(event);
            }
        }
        for event in due {
            if let What::Progress { name, .. } = &event.what {
                self.write(&event, Some(name));
            }
        }
    }

    fn write(&mut self, event: &Event, progress: Option<&ToolName>) {
        if let Some(name) = progress {
            self.forget(name);
        }
        self.newest += 1;
        let id = self.newest;
        // Strings, numbers and maps with string keys always serialise.
        let Ok(Value::Object(all)) = serde_json::to_value(event) else { return };
        let kind = all.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
        let full = frame(Some(id), &kind, &Value::Object(all.clone()).to_string());
        let bare = frame(Some(id), &kind, &redact(all).to_string());
        self.text += full.len() + bare.len();
        self.entries.push_back(Entry { id, full, bare, progress: progress.cloned() });
        while self.entries.len() > CAPACITY || self.text > MAX_TEXT {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.text -= oldest.full.len() + oldest.bare.len();
            self.lost = oldest.id;
        }
    }

    fn forget(&mut self, name: &ToolName) {
        let is = |entry: &Entry| entry.progress.as_ref() == Some(name);
        if let Some(place) = self.entries.iter().rposition(is)
            && let Some(old) = self.entries.remove(place)
        {
            self.text -= old.full.len() + old.bare.len();
        }
    }

    /// The first event behind `id`, as it goes over the wire.
    pub(super) fn after(&self, id: Id, details: bool) -> Option<(Id, &str)> {
        let place = self.entries.partition_point(|entry| entry.id <= id);
        let entry = self.entries.get(place)?;
        Some((entry.id, if details { &entry.full } else { &entry.bare }))
    }
}

/// One event of a stream. `data` is one line.
pub(super) fn frame(id: Option<Id>, event: &str, data: &str) -> String {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("{id}event: {event}\ndata: {data}\n\n")
}

/// Leaves what somebody without the right to details may see: which tool, which status, how far.
/// What is not listed here is left out, so that a new field is a secret until it is thought about.
fn redact(event: Map<String, Value>) -> Value {
    const PLAIN: [&str; 14] = [
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
    ];
    let keep = |(key, value): (String, Value)| match (key.as_str(), value) {
        ("progress", Value::Object(progress)) => Some((key, redact(progress))),
        ("tools", Value::Array(tools)) => {
            let objects = tools.into_iter().filter_map(|tool| match tool {
                Value::Object(tool) => Some(redact(tool)),
                _ => None,
            });
            Some((key, Value::Array(objects.collect())))
        }
        (plain, value @ (Value::String(_) | Value::Number(_))) if PLAIN.contains(&plain) => {
            Some((key, value))
        }
        _ => None,
    };
    Value::Object(event.into_iter().filter_map(keep).collect())
}

#[cfg(test)]
mod tests {
    use lightship_model::event::{Exit, Phase, PlannedTool, Progress, ToolChange};
    use lightship_model::state::ToolStatus;
    use lightship_model::time::Timestamp;

    use super::*;

    const FIRST: Id = 100;

    fn name(text: &str) -> ToolName {
        text.parse().unwrap()
    }

    fn event(what: What) -> Event {
        Event::new(Timestamp::from_millis(0), what)
    }

    fn progress(tool: &str, done: u64) -> Event {
        let progress = Progress {
            phase: Phase::Downloading,
            message: Some("from a secret place".to_owned()),
            done: Some(done),
            ..Progress::default()
        };
        event(What::Progress { name: name(tool), progress })
    }

    fn warning(number: usize) -> Event {
        event(What::Warning { message: format!("warning {number}") })
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// The ids and texts behind `id`.
    fn behind(journal: &Journal, mut id: Id, details: bool) -> Vec<(Id, String)> {
        let mut all = Vec::new();
        while let Some((next, text)) = journal.after(id, details) {
            all.push((next, text.to_owned()));
            id = next;
        }
        all
    }

    #[test]
    fn who_comes_back_is_given_what_it_missed() {
        let mut journal = Journal::new(FIRST);
        for number in 0..3 {
            journal.push(&warning(number), at(0));
        }
        assert!(journal.reaches(101) && journal.reaches(103) && !journal.reaches(104));
        let missed = behind(&journal, 101, true);
        assert_eq!(missed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [102, 103]);
        assert_eq!(
            missed[0].1,
            "id: 102\nevent: warning\ndata: {\"at\":\"1970-01-01T00:00:00.000Z\",\
             \"event\":\"warning\",\"message\":\"warning 1\"}\n\n"
        );
        assert!(!journal.reaches(99), "an id of an earlier life");
    }

    #[test]
    fn old_events_make_room_and_are_known_to_be_gone() {
        let mut journal = Journal::new(FIRST);
        for number in 0..CAPACITY + 10 {
            journal.push(&warning(number), at(0));
        }
        assert_eq!(behind(&journal, 0, true).len(), CAPACITY);
        assert!(journal.reaches(110) && !journal.reaches(109));
        let huge = event(What::Warning { message: "x".repeat(MAX_TEXT / 2) });
        journal.push(&huge, at(0));
        journal.push(&huge, at(0));
        assert_eq!(behind(&journal, 0, true).len(), 1, "text is bounded as well");
        assert!(journal.text <= MAX_TEXT);
    }

    #[test]
    fn progress_is_told_four_times_a_second_and_the_last_is_never_lost() {
        let mut journal = Journal::new(FIRST);
        let mut told = 0;
        let mut id = FIRST;
        for millis in 0..1000 {
            journal.push(&progress("a", millis), at(millis));
            journal.release(at(millis));
            let new = behind(&journal, id, true);
            told += new.len();
            id = journal.newest();
        }
        assert_eq!(told, 4);
        assert_eq!(journal.deadline(), Some(at(1000)));
        journal.release(at(1000));
        let (_, last) = behind(&journal, id, true).pop().unwrap();
        assert!(last.contains("\"done\":999"), "{last}");
        assert_eq!(journal.deadline(), None);
    }

    #[test]
    fn of_a_tools_progress_only_the_newest_is_kept_and_none_once_it_stands_elsewhere() {
        let mut journal = Journal::new(FIRST);
        for second in 0..10 {
            journal.push(&progress("a", second), at(second * 1000));
            journal.push(&progress("b", second), at(second * 1000));
        }
        assert_eq!(behind(&journal, 0, true).len(), 2);
        assert!(journal.reaches(FIRST), "nothing that matters is lost");
        journal.push(&progress("a", 11), at(9001));
        let installed = ToolChange::new(name("a"), ToolStatus::Installed);
        journal.push(&event(What::Tool(installed)), at(9002));
        journal.release(at(20_000));
        let texts: String = behind(&journal, 0, true).into_iter().map(|(_, text)| text).collect();
        assert!(!texts.contains("\"done\":11") && texts.contains("installed"), "{texts}");
        assert_eq!(behind(&journal, 0, true).len(), 2);
    }

    #[test]
    fn without_the_right_only_names_statuses_and_numbers_are_told() {
        let mut change = ToolChange::new(name("a"), ToolStatus::Failed).because("a secret");
        change.error = Some("a secret".to_owned());
        change.version = Some("a secret".to_owned());
        change.took_ms = Some(5);
        let planned = PlannedTool {
            change: change.clone(),
            source: "a secret".to_owned(),
            priority: 1,
            requires: vec![],
            on_demand: false,
            estimate_ms: None,
        };
        let mut journal = Journal::new(FIRST);
        let secret = || "a secret".to_owned();
        for what in [
            What::ServiceStarted { pid: 4711, command: vec![secret()] },
            What::ServiceExited { exit: Exit::Code(42), restart_in_ms: Some(5) },
            What::ServiceFailed { error: secret() },
            What::Stopping { reason: secret() },
            What::Plan { tools: vec![planned], slots: 1, dir: secret() },
            What::Tool(change),
            What::Warning { message: secret() },
        ] {
            journal.push(&event(what), at(0));
        }
        journal.push(&progress("b", 7), at(0));
        let texts: String = behind(&journal, 0, false).into_iter().map(|(_, text)| text).collect();
        for hidden in ["secret", "4711", "42"] {
            assert!(!texts.contains(hidden), "{texts}");
        }
        for told in ["\"name\":\"a\"", "\"status\":\"failed\"", "\"tookMs\":5", "\"done\":7"] {
            assert!(texts.contains(told), "{told} in {texts}");
        }
    }
}
