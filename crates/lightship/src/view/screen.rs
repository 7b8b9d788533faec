//! What stands on the terminal at one moment: a pure function of the scene, the time and the
//! size of the terminal.

use lightship_model::excerpt;
use lightship_model::state::{InstalledAt, ToolStatus};
use lightship_model::status::ToolView;
use lightship_model::time::Timestamp;

use super::activity::{self, Columns};
use super::line::{Ink, Line};
use super::scene::Scene;
use super::{summary, words};

/// The moment and the place that are drawn for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) now: Timestamp,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) colour: bool,
}

/// A tool's lines.
struct Block {
    status: ToolStatus,
    lines: Vec<Line>,
}

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const MAX_NAME: usize = 24;
const MAX_VERSION: usize = 12;
/// How many lines of an error stand below its tool.
const ERROR_LINES: usize = 4;

/// Everything that moves: the service, the tools, the summary. With `settled` the tools that
/// have come to their end are left out (they stand above already).
pub(super) fn live(scene: &Scene, frame: Frame, settled: bool) -> Vec<String> {
    let header = service(scene, frame);
    let summary = summary_lines(scene, frame);
    let used = summary.len() + header.iter().len() + 1;
    let mut blocks = blocks(scene, frame);
    if settled {
        blocks.retain(|block| block.status == ToolStatus::Installing);
    }
    let lines = fold(blocks, frame.height.saturating_sub(used));
    render(header.into_iter().chain(lines).chain(summary), frame)
}

/// The tools alone, as they stay on the terminal when nothing moves any more.
pub(super) fn settled(scene: &Scene, frame: Frame) -> Vec<String> {
    render(blocks(scene, frame).into_iter().flat_map(|block| block.lines), frame)
}

fn render(lines: impl Iterator<Item = Line>, frame: Frame) -> Vec<String> {
    lines.map(|line| line.render(frame.width, frame.colour)).collect()
}

/// The line of the service.
fn service(scene: &Scene, frame: Frame) -> Option<Line> {
    let command = scene.service.as_deref()?;
    let status = &scene.status.service;
    let (ink, mark, text) = if scene.stopping.is_some() && status.pid.is_none() {
        (Ink::Quiet, "·", "stopped".to_owned())
    } else if status.ready_since.is_some() {
        let after = scene.ready_after_ms.map(words::short_ms).unwrap_or_default();
        let restarts = match status.restarts {
            0 => String::new(),
            count => format!(", {count} restarts"),
        };
        (Ink::Good, "●", format!("ready after {after}{restarts}"))
    } else if status.pid.is_some() {
        (Ink::Busy, spinner(frame.now), "starting".to_owned())
    } else if let Some(error) = &status.error {
        (Ink::Bad, "✗", error.clone())
    } else if let Some(exit) = status.last_exit {
        (Ink::Bad, "✗", format!("ended with {exit}"))
    } else {
        (Ink::Quiet, "·", "starts".to_owned())
    };
    let line = Line::default().and(ink, mark).and(Ink::Plain, " ").and(Ink::Strong, "service  ");
    Some(line.and(Ink::Plain, text).and(Ink::Quiet, format!("  {command}")))
}

fn spinner(now: Timestamp) -> &'static str {
    let turn = now.as_millis() / 80 % SPINNER.len() as u64;
    usize::try_from(turn).ok().and_then(|turn| SPINNER.get(turn)).copied().unwrap_or("⠋")
}

/// The summary, broken between its parts where the terminal is too narrow for one line.
fn summary_lines(scene: &Scene, frame: Frame) -> Vec<Line> {
    let ink = match scene.count(ToolStatus::Failed) {
        _ if scene.stopping.is_some() || !scene.is_settled() => Ink::Plain,
        0 => Ink::Good,
        _ => Ink::Bad,
    };
    let mut lines: Vec<Line> = Vec::new();
    for part in summary::parts(scene) {
        let ink = if lines.is_empty() { ink } else { Ink::Plain };
        let piece = Line::default().and(ink, part.as_str());
        match lines.pop() {
            None => lines.push(piece),
            Some(line) if line.width() + 3 + piece.width() <= frame.width => {
                lines.push(line.and(Ink::Quiet, " · ").and(Ink::Plain, part));
            }
            Some(line) => lines.extend([line, piece]),
        }
    }
    lines
}

fn blocks(scene: &Scene, frame: Frame) -> Vec<Block> {
    let tools = scene.tools();
    let widest = |limit: usize, lengths: &mut dyn Iterator<Item = usize>| {
        lengths.max().unwrap_or(0).min(limit)
    };
    let length = |text: &str| text.chars().count();
    let name = widest(MAX_NAME, &mut tools.iter().map(|t| length(t.change.name.as_str())));
    let version = widest(MAX_VERSION, &mut tools.iter().map(|t| length(scene.version(t))));
    let needed = Columns::needed(&tools);
    let block = |tool: &&ToolView| {
        let (ink, mark) = mark(tool, frame.now);
        let line = Line::default().and(ink, mark).and(Ink::Plain, " ");
        let line = line.column(Ink::Plain, tool.change.name.as_str(), name);
        let line = line.and(Ink::Plain, "  ").column(Ink::Quiet, scene.version(tool), version);
        let line = rest(line.and(Ink::Plain, "  "), scene, tool, frame, needed);
        let lines = std::iter::once(line).chain(failure(scene, tool)).collect();
        Block { status: tool.change.status, lines }
    };
    tools.iter().map(block).collect()
}

fn mark(tool: &ToolView, now: Timestamp) -> (Ink, &'static str) {
    match tool.change.status {
        ToolStatus::Pending => (Ink::Quiet, "·"),
        ToolStatus::Installing => (Ink::Busy, spinner(now)),
        ToolStatus::Installed => (Ink::Good, "✓"),
        ToolStatus::Failed => (Ink::Bad, "✗"),
        ToolStatus::Skipped => (Ink::Quiet, "–"),
    }
}

/// What stands behind a tool's name and version.
fn rest(line: Line, scene: &Scene, tool: &ToolView, frame: Frame, needed: Columns) -> Line {
    let change = &tool.change;
    match change.status {
        ToolStatus::Installing => activity::line(line, tool, frame, needed),
        ToolStatus::Pending => line.and(Ink::Quiet, scene.waits_for(tool)),
        ToolStatus::Installed => {
            let text = match (change.took_ms, change.installed_at) {
                (Some(millis), _) => format!("installed in {}", words::short_ms(millis)),
                (None, Some(InstalledAt::PreExisting)) => "on this machine already".to_owned(),
                (None, _) => "installed before".to_owned(),
            };
            line.and(Ink::Quiet, text)
        }
        ToolStatus::Failed => {
            let text = match change.attempt {
                Some(attempt) if attempt > 1 => format!("failed, {attempt} attempts"),
                _ => "failed".to_owned(),
            };
            line.and(Ink::Bad, text)
        }
        ToolStatus::Skipped => {
            let reason = change.reason.as_ref().or(change.error.as_ref());
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            line.and(Ink::Quiet, format!("skipped{reason}"))
        }
    }
}

/// The lines below a tool that failed: the end of its error, and where the whole of it is.
fn failure(scene: &Scene, tool: &ToolView) -> Vec<Line> {
    if tool.change.status != ToolStatus::Failed {
        return Vec::new();
    }
    let error: Vec<&str> = tool.change.error.as_deref().unwrap_or_default().lines().collect();
    let last = error.len().saturating_sub(ERROR_LINES);
    let below = |text: &str| Line::default().and(Ink::Plain, format!("    {text}"));
    let mut lines: Vec<Line> =
        error[last..].iter().map(|line| below(&excerpt::clean(line))).collect();
    let log = format!("    log: lightship tools log {}{}", tool.change.name, scene.dir_options);
    lines.push(Line::default().and(Ink::Quiet, log));
    lines
}

/// Makes `blocks` fit into `height` lines: what has come to its end, and then what waits, is
/// counted instead of listed.
fn fold(mut blocks: Vec<Block>, height: usize) -> Vec<Line> {
    let foldable = [
        (ToolStatus::Installed, Ink::Good, "✓", "installed"),
        (ToolStatus::Skipped, Ink::Quiet, "–", "skipped"),
        (ToolStatus::Pending, Ink::Quiet, "·", "waiting"),
    ];
    for (status, ink, mark, word) in foldable {
        let total: usize = blocks.iter().map(|block| block.lines.len()).sum();
        let count = blocks.iter().filter(|block| block.status == status).count();
        if total > height && count > 1 {
            let line = Line::default().and(ink, mark).and(Ink::Quiet, format!(" {count} {word}"));
            let first = blocks.iter().position(|block| block.status == status).unwrap_or(0);
            blocks.insert(first, Block { status, lines: vec![line] });
            let mut index = 0;
            blocks.retain(|block| {
                index += 1;
                block.status != status || index == first + 1
            });
        }
    }
    blocks.into_iter().flat_map(|block| block.lines).take(height.max(1)).collect()
}

#[cfg(test)]
mod tests;
