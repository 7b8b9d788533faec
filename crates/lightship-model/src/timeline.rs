//! What happened when, and why something waited: `GET /timeline`, made from
//! [`Status`](crate::status::Status) alone.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::{History, Kind};
use crate::name::ToolName;
use crate::status::Status;
use crate::time::Timestamp;

/// Times of the service and of each tool, cut into stretches that follow each other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline<'a> {
    /// The clock that all times here are by.
    pub now: Timestamp,
    /// When lightship started.
    pub started_at: Timestamp,
    pub service: Vec<Stretch<'a>>,
    pub tools: BTreeMap<&'a ToolName, Vec<Stretch<'a>>>,
}

/// A time that was spent with one thing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Stretch<'a> {
    pub kind: Kind,
    pub from: Timestamp,
    /// Nothing for the last one: it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The tool that was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<&'a ToolName>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// More about it, in a few words. It may name paths: only for those who may see details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
}

/// The timeline of a container that was started at `started`, seen at `now`; without `details`
/// it has no texts.
pub fn timeline(
    status: &Status,
    started: Timestamp,
    now: Timestamp,
    details: bool,
) -> Timeline<'_> {
    let cut = |history| stretches(history, started, details);
    let tools = status.tools.iter().map(|(name, tool)| {
        let mut stretches = cut(&tool.history);
        // Until the loader speaks, the service comes first.
        let spoken = stretches.first().map(|first| first.from);
        if spoken.is_none_or(|spoken| spoken > started) {
            let before = Stretch {
                kind: Kind::Service,
                from: started,
                until: spoken,
                tool: None,
                attempt: None,
                text: None,
            };
            stretches.insert(0, before);
        }
        (name, stretches)
    });
    Timeline {
        now,
        started_at: started,
        tools: tools.collect(),
        service: cut(&status.service.history),
    }
}

/// `started` is worked out from a clock that may have been set: nothing begins before it.
fn stretches(history: &History, started: Timestamp, details: bool) -> Vec<Stretch<'_>> {
    let marks = history.marks();
    let ends = marks.iter().skip(1).map(|next| Some(next.at.max(started))).chain([None]);
    let pairs = marks.iter().zip(ends);
    pairs
        .map(|(mark, until)| Stretch {
            kind: mark.kind,
            from: mark.at.max(started),
            until,
            tool: mark.tool.as_ref(),
            attempt: mark.attempt,
            text: mark.text.as_deref().filter(|_| details),
        })
        .collect()
}

#[cfg(test)]
mod tests;
