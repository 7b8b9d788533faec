//! What somebody who waits for a tool is told: how it stands, what holds it up, how it ended.

use serde::{Deserialize, Serialize};

use crate::event::{Phase, Progress, Unit};
use crate::name::ToolName;
use crate::state::ToolStatus;
use crate::status::{LoaderState, Status, ToolView};
use crate::waits::Waits;

/// How the waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    pub tool: ToolName,
    pub status: ToolStatus,
    /// Nothing as long as it is worth waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Why it is so, or what is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The tool that is being installed: the tool itself, or one that it requires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_work: Option<ToolName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

impl Outlook {
    /// The outlook for `tool`. `promised` is whether the loader was told to load it and has not
    /// come to an end with it.
    pub fn of(status: &Status, tool: &ToolName, promised: bool) -> Self {
        let Some(view) = status.tools.get(tool) else {
            let reason = Some("the manifest has no such tool any more".to_owned());
            let end = Some(End::Hopeless);
            return Self { end, reason, ..Self::new(tool, ToolStatus::Skipped) };
        };
        let end = end(status, view, promised);
        let at_work = at_work(status, view);
        Self {
            end,
            reason: match end {
                Some(End::Installed) => None,
                Some(End::Failed) => failure(status, view),
                Some(End::Hopeless) => Some(hopeless(status, view).to_owned()),
                // It has been asked for just now.
                None if view.change.waits == Some(Waits::Demand) => None,
                None => view.change.reason.clone(),
            },
            progress: at_work.and_then(|view| view.progress.clone()),
            at_work: at_work.map(|view| view.change.name.clone()),
            ..Self::new(tool, view.change.status)
        }
    }

    /// As long as nothing is known.
    pub fn unknown(tool: &ToolName) -> Self {
        Self::new(tool, ToolStatus::Pending)
    }

    fn new(tool: &ToolName, status: ToolStatus) -> Self {
        let (end, reason, at_work, progress) = (None, None, None, None);
        Self { tool: tool.clone(), status, end, reason, at_work, progress }
    }

    /// The outlook in a few words, for a line on a terminal: `rust: downloading 45%`.
    pub fn words(&self) -> String {
        let Some(at_work) = &self.at_work else {
            return self.reason.clone().unwrap_or_else(|| "is about to be loaded".to_owned());
        };
        let progress = self.progress.clone().unwrap_or_default();
        let mut words = String::new();
        if *at_work != self.tool {
            words.push_str(&format!("waits for {at_work}: "));
        }
        // A phase that nobody has told of yet is the attempt as such.
        words.push_str(self.progress.as_ref().map_or("installing", |it| it.phase.as_str()));
        match (progress.done, progress.total) {
            (Some(done), Some(total)) if total > 0 => {
                words.push_str(&format!(" {}%", done.min(total).saturating_mul(100) / total));
            }
            (Some(done), _) if progress.unit == Some(Unit::Bytes) => {
                words.push_str(&format!(" {} MB", done / 1_000_000));
            }
            _ => {}
        }
        if progress.phase == Phase::Installing
            && let Some(message) = &progress.message
        {
            words.push_str(", ");
            words.extend(message.chars().filter(|letter| !letter.is_control()).take(60));
        }
        words
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
