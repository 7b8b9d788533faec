//! Lines: what happens, a line each with its time, for logs and pipes. No colours.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use lightship_model::event::{Event, Exit, Phase, Progress, ToolChange, What};
use lightship_model::name::ToolName;
use lightship_model::state::ToolStatus;
use lightship_model::time::Timestamp;
use lightship_model::waits::Waits;

use super::scene::Scene;
use super::{Stream, View, summary, words};
use crate::shell;

/// How long a phase goes on until the next line about it.
const EVERY: Duration = Duration::from_secs(10);

/// Writes lines.
#[derive(Debug)]
pub(super) struct Lines<W> {
    to: W,
    /// What was last said about a tool's progress.
    said: BTreeMap<ToolName, (Phase, Timestamp)>,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, said: BTreeMap::new() }
    }

    fn write(&mut self, at: Timestamp, text: &str) -> io::Result<()> {
        // Whole seconds are enough to read by, and the rest is in `--format json`.
        let time = Timestamp::from_millis(at.as_millis() / 1000 * 1000).to_string();
        let time = time.replace(".000Z", "Z");
        let mut lines = text.lines();
        writeln!(self.to, "{time} {}", lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(self.to, "    {line}"))
    }

    /// Whether progress is worth a line: a new phase, or ten seconds after the last one.
    fn is_news(&mut self, at: Timestamp, name: &ToolName, phase: Phase) -> bool {
        let old = self.said.get(name);
        let news = old.is_none_or(|(said, when)| *said != phase || at.since(*when) >= EVERY);
        if news {
            self.said.insert(name.clone(), (phase, at));
        }
        news
    }
}

impl<W: Write> View for Lines<W> {
    fn event(&mut self, scene: &Scene, event: &Event) -> io::Result<()> {
        if let What::Progress { name, progress } = &event.what
            && !self.is_news(event.at, name, progress.phase)
        {
            return Ok(());
        }
        if let What::Tool(change) = &event.what {
            // "installing" has been said now; the next word is about another phase.
            self.said.insert(change.name.clone(), (Phase::Installing, event.at));
        }
        match text(scene, &event.what) {
            Some(text) => self.write(event.at, &text),
            None => Ok(()),
        }
    }

    fn note(&mut self, _: &Scene, text: &str) -> io::Result<()> {
        self.write(std::time::SystemTime::now().into(), text)
    }

    /// Never called: the service's outputs go where ours go, without a detour.
    fn output(&mut self, _: Stream, _: Vec<u8>) {}

    fn next_draw(&self, _: &Scene) -> Option<Duration> {
        None
    }

    fn draw(&mut self, _: &Scene) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Scene) -> io::Result<()> {
        Ok(())
    }
}

/// What there is to say about an event.
fn text(scene: &Scene, what: &What) -> Option<String> {
    Some(match what {
        What::HealthListening { .. } => {
            format!("health {}/health", scene.health_url.as_deref().unwrap_or_default())
        }
        What::ServiceStarted { pid, command } => {
            format!("service started: {} (pid {pid})", shell::shown(command))
        }
        What::ServiceReady { after_ms, .. } => {
            format!("service ready after {}", words::short_ms(*after_ms))
        }
        What::ServiceLate { after_ms } => {
            format!("service not ready after {}, tools are loaded now", words::short_ms(*after_ms))
        }
        What::ServiceExited { exit, restart_in_ms } => {
            format!("service ended: {}", ended(*exit, *restart_in_ms))
        }
        What::ServiceFaulted { message, .. } => message.clone(),
        What::ServiceFailed { error } => format!("service failed: {error}"),
        What::LoaderStarted { pid } => format!("loader started (pid {pid})"),
        What::LoaderExited { exit, restart_in_ms } => {
            if exit.is_success() && restart_in_ms.is_none() {
                return None;
            }
            format!("loader ended: {}", ended(*exit, *restart_in_ms))
        }
        // Who asked for the end has been told already.
        What::Stopping { .. } if scene.stopping.is_some() => return None,
        What::Stopping { reason } => format!("stopping: {reason}"),
        What::Plan { tools, slots, dir } => {
            let lines = scene.tools().into_iter().map(|tool| {
                let waits = match tool.change.status {
                    ToolStatus::Pending => format!(", {}", scene.waits_for(tool)),
                    _ => String::new(),
                };
                format!(
                    "\n{} {}: {}{waits}",
                    tool.change.name,
                    scene.version(tool),
                    tool.change.status
                )
            });
            let lines: String = lines.collect();
            format!("plan: {} tools, {slots} at once, into {dir}{lines}", tools.len())
        }
        What::Confinement(report) => format!("confinement: {}", report.level),
        // The plan has said what comes after what.
        What::Tool(change) if change.waits.as_ref().is_some_and(Waits::is_in_line) => return None,
        // What is wrong with it is in a warning.
        What::Volume(_) => return None,
        What::Tool(change) => tool(scene, change),
        What::Progress { name, progress } => format!("tool {name} {}", self::progress(progress)),
        What::LoadComplete { .. } => summary::parts(scene).join(" · "),
        What::Warning { message } => format!("warning: {message}"),
    })
}

fn ended(exit: Exit, restart_in_ms: Option<u64>) -> String {
    match restart_in_ms {
        Some(pause) => format!("{exit}, starts again in {}", words::short_ms(pause)),
        None => exit.to_string(),
    }
}

fn tool(scene: &Scene, change: &ToolChange) -> String {
    let name = &change.name;
    let reason = change.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match change.status {
        ToolStatus::Pending => format!("tool {name} pending{reason}"),
        ToolStatus::Installing => {
            let attempt = change.attempt.map(|n| format!(" (attempt {n})")).unwrap_or_default();
            format!("tool {name} installing{attempt}{reason}")
        }
        ToolStatus::Installed => {
            let version = change.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
            let took = change.took_ms.map(words::short_ms);
            let took = took.map(|took| format!(" in {took}")).unwrap_or_default();
            format!("tool {name} installed{version}{took}{reason}")
        }
        ToolStatus::Failed => {
            let error = change.error.as_deref().unwrap_or("the reason is not known");
            let options = &scene.dir_options;
            format!("tool {name} failed: {error}\nlog: lightship tools log {name}{options}")
        }
        ToolStatus::Skipped => format!("tool {name} skipped{reason}"),
    }
}

fn progress(progress: &Progress) -> String {
    let mut text = progress.phase.as_str().to_owned();
    let amount = words::amount(progress);
    if !amount.is_empty() {
        text = format!("{text} {amount}");
    }
    match &progress.message {
        Some(message) => format!("{text}: {}", lightship_model::excerpt::clean(message).trim()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_770_202_800_123 + seconds * 1000)
    }

    fn written(events: Vec<Event>) -> String {
        let mut lines = Lines::new(Vec::new());
        let scene = Scene::default();
        for event in events {
            lines.event(&scene, &event).unwrap();
        }
        String::from_utf8(lines.to).unwrap()
    }

    fn progress_at(seconds: u64, phase: Phase) -> Event {
        let name = "rust".parse().unwrap();
        let progress = Progress { phase, ..Progress::default() };
        Event::new(at(seconds), What::Progress { name, progress })
    }

    #[test]
    fn progress_is_told_by_phase_and_every_ten_seconds() {
        let text = written(vec![
            progress_at(0, Phase::Downloading),
            progress_at(1, Phase::Downloading),
            progress_at(2, Phase::Unpacking),
            progress_at(11, Phase::Unpacking),
            progress_at(12, Phase::Unpacking),
        ]);
        assert_eq!(
            text,
            "2026-02-04T11:00:00Z tool rust downloading\n\
             2026-02-04T11:00:02Z tool rust unpacking\n\
             2026-02-04T11:00:12Z tool rust unpacking\n"
        );
    }

    #[test]
    fn a_tool_that_waits_for_its_turn_is_worth_no_line_but_a_pause_is() {
        let waits = |waits, reason: &str| {
            let change = ToolChange::new("ck".parse().unwrap(), ToolStatus::Pending);
            Event::new(at(0), What::Tool(change.waiting(waits).because(reason)))
        };
        let slot = waits(Waits::Slot, "waits for a slot");
        let pause = waits(Waits::Pause, "next attempt in 2 s: no space");
        assert_eq!(
            written(vec![slot, pause]),
            "2026-02-04T11:00:00Z tool ck pending: next attempt in 2 s: no space\n"
        );
    }

    #[test]
    fn the_lines_of_an_error_stay_with_it() {
        let change = ToolChange::new("ck".parse().unwrap(), ToolStatus::Failed);
        let change = ToolChange { error: Some("one\ntwo".into()), ..change };
        let text = written(vec![Event::new(at(0), What::Tool(change))]);
        assert_eq!(
            text,
            "2026-02-04T11:00:00Z tool ck failed: one\n    two\n    log: lightship tools log ck\n"
        );
    }
}
