//! What became of one thing: of a tool, or of the service. A bounded list of marks, each of which
//! begins a stretch of time that the next one ends.

use serde::Serialize;

use crate::event::{Exit, ToolChange};
use crate::name::ToolName;
use crate::state::ToolStatus;
use crate::time::Timestamp;
use crate::waits::Waits;

/// How many of the oldest marks are kept for good: how it began.
const FIRST: usize = 6;
/// How many marks are kept in all.
const MAX_MARKS: usize = 32;
/// How many characters of a text are kept.
const MAX_TEXT: usize = 160;

/// What a stretch of time was spent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    // The service.
    Starting,
    Ready,
    Down,
    Stopping,

    // A tool: the specification's words, with what it waits for in place of `pending`.
    /// For the service, which comes first.
    Service,
    /// For no reason that was told.
    Pending,
    Demand,
    Requires,
    Priority,
    Slot,
    Pause,
    Loader,
    Installing,
    Installed,
    Failed,
    Skipped,

    // Either.
    /// More happened than is kept.
    Forgotten,
}

/// The beginning of a stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub at: Timestamp,
    pub kind: Kind,
    /// The tool that it waits for.
    pub tool: Option<ToolName>,
    /// From 1.
    pub attempt: Option<u32>,
    /// More about it, in a few words.
    pub text: Option<String>,
}

impl Mark {
    pub fn new(at: Timestamp, kind: Kind) -> Self {
        Self { at, kind, tool: None, attempt: None, text: None }
    }

    #[must_use]
    pub fn saying(self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref().lines().next().unwrap_or_default();
        Self { text: Some(text.chars().take(MAX_TEXT).collect()), ..self }
    }

    /// The service's process ended.
    pub fn exited(at: Timestamp, exit: Exit, restart_in_ms: Option<u64>) -> Self {
        let text = match restart_in_ms {
            Some(pause) => format!("{exit}, started again after {pause} ms"),
            None => exit.to_string(),
        };
        Self::new(at, Kind::Down).saying(text)
    }

    /// A tool's status changed.
    pub fn tool(at: Timestamp, change: &ToolChange) -> Self {
        let (kind, tool) = match change.status {
            ToolStatus::Pending => waiting(change.waits.as_ref()),
            ToolStatus::Installing => (Kind::Installing, None),
            ToolStatus::Installed => (Kind::Installed, None),
            ToolStatus::Failed => (Kind::Failed, None),
            ToolStatus::Skipped => (Kind::Skipped, None),
        };
        let mark = Self { tool, attempt: change.attempt, ..Self::new(at, kind) };
        match change.error.as_ref().or(change.reason.as_ref()) {
            Some(text) => mark.saying(text),
            None => mark,
        }
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.tool == other.tool && self.attempt == other.attempt
    }
}

fn waiting(waits: Option<&Waits>) -> (Kind, Option<ToolName>) {
    match waits {
        None => (Kind::Pending, None),
        Some(Waits::Demand) => (Kind::Demand, None),
        Some(Waits::Requires(tool)) => (Kind::Requires, Some(tool.clone())),
        Some(Waits::Priority(tool) | Waits::Compiler(tool)) => (Kind::Priority, Some(tool.clone())),
        Some(Waits::Slot) => (Kind::Slot, None),
        Some(Waits::Pause) => (Kind::Pause, None),
        Some(Waits::Loader) => (Kind::Loader, None),
    }
}

/// The marks, oldest first. Of too many, the first ones and the newest are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    marks: Vec<Mark>,
}

impl History {
    /// Adds a mark; one that says the same as the last one is no news.
    pub fn push(&mut self, mark: Mark) {
        if self.marks.last().is_some_and(|last| last.says_the_same(&mark)) {
            return;
        }
        self.marks.push(mark);
        if self.marks.len() > MAX_MARKS {
            self.forget();
        }
    }

    /// Lets one mark after the first ones go. A mark in their place says since when.
    fn forget(&mut self) {
        match self.marks.get_mut(FIRST) {
            Some(mark) if mark.kind != Kind::Forgotten => {
                *mark = Mark::new(mark.at, Kind::Forgotten);
            }
            _ => {}
        }
        self.marks.remove(FIRST + 1);
    }

    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn what_was_said_before_is_no_news() {
        let mut history = History::default();
        history.push(Mark::new(at(0), Kind::Slot));
        history.push(Mark::new(at(1), Kind::Slot));
        history.push(Mark { attempt: Some(1), ..Mark::new(at(2), Kind::Installing) });
        history.push(Mark { attempt: Some(2), ..Mark::new(at(3), Kind::Installing) });
        let times: Vec<u64> =
            history.marks().iter().map(|mark| mark.at.as_millis() / 1000).collect();
        assert_eq!(times, [0, 2, 3]);
    }

    #[test]
    fn of_a_thousand_marks_the_first_and_the_newest_are_kept_and_the_gap_is_marked() {
        let mut history = History::default();
        for second in 0..1000 {
            let kind = if second % 2 == 0 { Kind::Starting } else { Kind::Down };
            history.push(Mark::new(at(second), kind));
        }
        let marks = history.marks();
        assert_eq!(marks.len(), MAX_MARKS);
        assert_eq!(marks[FIRST - 1].at, at(5));
        assert_eq!((marks[FIRST].at, marks[FIRST].kind), (at(6), Kind::Forgotten));
        assert_eq!(marks[FIRST + 1].at, at(1000 - 25));
        assert_eq!(marks[MAX_MARKS - 1].at, at(999));
    }

    #[test]
    fn a_text_is_cut_to_its_first_line_and_a_bound() {
        let change = ToolChange::new("x".parse().unwrap(), ToolStatus::Failed);
        let error = Some(format!("{}\nsecond line", "é".repeat(500)));
        let mark = Mark::tool(at(1), &ToolChange { error, ..change });
        assert_eq!(mark.text.unwrap(), "é".repeat(MAX_TEXT));
    }
}
