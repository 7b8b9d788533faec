//! What stands behind a tool while it is installed: what it is doing, and how far it is.

use lightship_model::excerpt;
use lightship_model::state::ToolStatus;
use lightship_model::status::ToolView;

use super::line::{Ink, Line};
use super::screen::Frame;
use super::words;

/// How many columns each thing at the right end of a line gets; none is left out.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    bar: usize,
    amount: usize,
    estimate: usize,
}

impl Columns {
    /// What there is anything to show in: a column that is empty in every line is left out.
    pub(super) fn needed(tools: &[&ToolView]) -> Self {
        let any = |has: fn(&&&ToolView) -> bool| tools.iter().any(|tool| has(&tool));
        let counted = |tool: &&&ToolView| {
            tool.progress.as_ref().is_some_and(|progress| !words::amount(progress).is_empty())
        };
        let estimated = |tool: &&&ToolView| {
            tool.change.status == ToolStatus::Installing && tool.estimate_ms.is_some()
        };
        let widest = COLUMNS[0];
        Self {
            bar: if any(counted) || any(estimated) { widest.bar } else { 0 },
            amount: if any(counted) { widest.amount } else { 0 },
            estimate: if any(estimated) { widest.estimate } else { 0 },
        }
    }

    fn at_most(self, other: Self) -> Self {
        Self {
            bar: self.bar.min(other.bar),
            amount: self.amount.min(other.amount),
            estimate: self.estimate.min(other.estimate),
        }
    }
}

/// From everything to nothing but the time.
const COLUMNS: [Columns; 4] = [
    Columns { bar: 16, amount: 14, estimate: 8 },
    Columns { bar: 10, amount: 0, estimate: 8 },
    Columns { bar: 10, amount: 0, estimate: 0 },
    Columns { bar: 0, amount: 0, estimate: 0 },
];
/// As much the activity needs at least: things on the right make room for it.
const ACTIVITY: usize = 24;

/// Goes on with `line`: phase and message on the left; bar, amount, time and estimate in columns
/// on the right, as many of them as there is room for.
pub(super) fn line(line: Line, tool: &ToolView, frame: Frame, needed: Columns) -> Line {
    let space = frame.width.saturating_sub(line.width());
    let rights = COLUMNS.map(|columns| right(tool, frame, columns.at_most(needed)));
    let fits = |right: &&Line| right.width() + ACTIVITY < space;
    let Some(right) = rights.iter().find(fits).or(rights.last()) else { return line };
    let room = space.saturating_sub(right.width() + 1);
    line.column(Ink::Plain, &activity(tool), room).and(Ink::Plain, " ").append(right)
}

/// The columns at the right end of a line.
fn right(tool: &ToolView, frame: Frame, columns: Columns) -> Line {
    let elapsed = tool.started.map(|started| frame.now.since(started)).unwrap_or_default();
    let progress = tool.progress.as_ref();
    let mut line = Line::default();
    if columns.bar > 0 {
        let part = words::thousandths(progress, elapsed, tool.estimate_ms);
        line = match part.map(|part| part * columns.bar / 1000) {
            Some(full) => line
                .and(Ink::Busy, "━".repeat(full))
                .and(Ink::Quiet, "─".repeat(columns.bar - full)),
            None => line.and(Ink::Plain, " ".repeat(columns.bar)),
        };
    }
    if columns.amount > 0 {
        let text = progress.map(words::amount).unwrap_or_default();
        line = line.and(Ink::Plain, " ").right(Ink::Plain, &text, columns.amount);
    }
    line = line.right(Ink::Plain, &words::short(elapsed), 8);
    if columns.estimate > 0 {
        let estimate = tool.estimate_ms.map(words::about).unwrap_or_default();
        line = line.and(Ink::Plain, " ").column(Ink::Quiet, &estimate, columns.estimate);
    }
    line
}

/// `downloading`, `installing: Compiling serde v1.0`, `checking, attempt 2`.
fn activity(tool: &ToolView) -> String {
    let phase = tool.progress.as_ref().map_or("starting", |progress| progress.phase.as_str());
    let attempt = match tool.change.attempt {
        Some(attempt) if attempt > 1 => format!(", attempt {attempt}"),
        _ => String::new(),
    };
    let message = tool.progress.as_ref().and_then(|progress| progress.message.as_deref());
    let message = message.map(|text| format!(": {}", excerpt::clean(text).trim_start()));
    format!("{phase}{attempt}{}", message.unwrap_or_default())
}
