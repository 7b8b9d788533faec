//! What somebody who waits for a tool is told: how it stands, what holds it up, how it ended.

use serde::Serialize;

use crate::event::Unit;
use crate::name::ToolName;
use crate::state::ToolStatus;
use crate::status::{LoaderState, Status, ToolView};
use crate::waits::Waits;

/// A reason is one line, and cut here, in characters.
const MAX_REASON: usize = 500;

/// How the waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The tool is there.
    Installed,
    /// It could not be installed, or what it requires could not.
    Failed,
    /// Nobody loads it: the loader gave up, loading is switched off, or all is being stopped.
    Hopeless,
}

/// How things stand for somebody who waits for a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outlook {
    pub tool: ToolName,
    pub status: ToolStatus,
    /// Nothing as long as it is worth waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Why it ended so.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What is going on, for a line on a terminal: `waits for rust: downloading 45%`.
    pub words: String,
}

impl Outlook {
    /// The outlook for `tool`. `promised` is whether the loader was told to load it and has not
    /// come to an end with it.
    pub fn of(status: &Status, tool: &ToolName, promised: bool) -> Self {
        let tool = tool.clone();
        let Some(view) = status.tools.get(&tool) else {
            let (end, words) = (Some(End::Hopeless), String::new());
            let reason = "the manifest has no such tool any more".to_owned();
            return Self { tool, status: ToolStatus::Skipped, end, reason, words };
        };
        let end = end(status, view, promised);
        let reason = match end {
            Some(End::Installed) | None => String::new(),
            Some(End::Failed) => failure(status, view).unwrap_or_default(),
            Some(End::Hopeless) => hopeless(status, view).to_owned(),
        };
        let reason = reason.lines().next().unwrap_or_default().chars().take(MAX_REASON).collect();
        Self { tool, status: view.change.status, end, reason, words: words(status, view) }
    }
}

/// What is going on, in a few words.
fn words(status: &Status, view: &ToolView) -> String {
    let Some(at_work) = at_work(status, view) else {
        // What waits to be asked for has just been asked for.
        let waits = view.change.waits.as_ref().filter(|waits| **waits != Waits::Demand);
        return waits.map_or_else(|| "is about to be loaded".to_owned(), Waits::to_string);
    };
    let whose = if at_work.change.name == view.change.name {
        String::new()
    } else {
        format!("waits for {}: ", at_work.change.name)
    };
    let Some(progress) = &at_work.progress else { return whose + "installing" };
    let phase = progress.phase.as_str();
    match (progress.done, progress.total) {
        (Some(done), Some(total)) if total > 0 => {
            let percent = done.min(total).saturating_mul(100) / total;
            format!("{whose}{phase} {percent}%")
        }
        (Some(done), _) if progress.unit == Some(Unit::Bytes) => {
            format!("{whose}{phase} {} MB", done / 1_000_000)
        }
        _ => whose + phase,
    }
}

fn end(status: &Status, view: &ToolView, promised: bool) -> Option<End> {
    let over = match status.loader.state {
        LoaderState::Failed => true,
        LoaderState::Complete => !promised,
        LoaderState::Waiting | LoaderState::Running | LoaderState::Restarting => false,
    };
    match view.change.status {
        ToolStatus::Installed => Some(End::Installed),
        _ if status.stopping => Some(End::Hopeless),
        ToolStatus::Failed if !promised || over => Some(End::Failed),
        ToolStatus::Skipped if !promised || over => {
            Some(if cause(status, view).is_some() { End::Failed } else { End::Hopeless })
        }
        _ if over => Some(End::Hopeless),
        _ => None,
    }
}

/// What has failed: the tool itself, or what it requires.
fn cause<'a>(status: &'a Status, view: &'a ToolView) -> Option<&'a ToolView> {
    required(status, view).into_iter().find(|view| view.change.status == ToolStatus::Failed)
}

/// The tool, and all that it requires and is not installed, the nearest first. Which tools
/// require which is the loader's word, and may lead round in circles.
fn required<'a>(status: &'a Status, view: &'a ToolView) -> Vec<&'a ToolView> {
    let mut found = vec![view];
    let mut next = 0;
    while let Some(view) = found.get(next).copied() {
        next += 1;
        for view in view.requires.iter().filter_map(|name| status.tools.get(name)) {
            let installed = view.change.status == ToolStatus::Installed;
            if !installed && !found.iter().any(|seen| seen.change.name == view.change.name) {
                found.push(view);
            }
        }
    }
    found
}

fn failure(status: &Status, view: &ToolView) -> Option<String> {
    let cause = cause(status, view)?;
    let error = cause.change.error.as_deref().unwrap_or("its installer failed");
    if cause.change.name == view.change.name {
        return Some(error.to_owned());
    }
    Some(format!("it requires {}, which failed: {error}", cause.change.name))
}

fn hopeless<'a>(status: &Status, view: &'a ToolView) -> &'a str {
    if status.stopping {
        return "lightship is stopping";
    }
    match (view.change.status, status.loader.state) {
        (_, LoaderState::Failed) => "the loader has given up: health says why",
        (ToolStatus::Skipped, _) => view.change.reason.as_deref().unwrap_or("it is skipped"),
        _ => "the loader has ended without it",
    }
}

/// What is being installed of the tool and all that it requires.
fn at_work<'a>(status: &'a Status, view: &'a ToolView) -> Option<&'a ToolView> {
    let found = required(status, view);
    found.into_iter().find(|view| view.change.status == ToolStatus::Installing)
}

#[cfg(test)]
mod tests;
