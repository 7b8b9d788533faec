//! What `lightship lock` answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lightship_loader::LockOutcome;
use lightship_model::exit;
use lightship_model::lock::{self, Lock, State};
use lightship_model::manifest::{Manifest, Tool};
use lightship_model::name::ToolName;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::out::{self, Answer};

/// Says how each tool stands; the exit code says whether all are fresh.
pub(super) fn check(
    manifest: &Manifest,
    lock: &Lock,
    only: Option<&BTreeSet<ToolName>>,
    file: &Path,
    answer: Answer,
) -> Result<u8, Failure> {
    let meant = |name: &ToolName| only.is_none_or(|only| only.contains(name));
    let tools = manifest.tools_in_order().into_iter().filter(|tool| meant(&tool.name));
    let mut states: Vec<(&ToolName, State)> =
        tools.map(|tool| (&tool.name, lock::state(tool, lock.tools.get(&tool.name)))).collect();
    let gone = lock.tools.keys().filter(|name| !manifest.tools.contains_key(*name));
    states.extend(gone.filter(|_| only.is_none()).map(|name| (name, State::Superfluous)));
    let fresh = states.iter().all(|(_, state)| *state == State::Fresh);
    match answer {
        Answer::Json => {
            let tool = |(name, state): &(&ToolName, State)| json!({ "name": name, "state": state.as_str() });
            let tools: Vec<Value> = states.iter().map(tool).collect();
            out::print_json(&json!({ "lock": file, "fresh": fresh, "tools": tools }))?;
        }
        Answer::Text if fresh => {
            out::print(&format!("fresh: {} names every tool\n", file.display()))?;
        }
        Answer::Text => {
            let rows = states.iter().filter(|(_, state)| *state != State::Fresh);
            let rows = rows.map(|(name, state)| [state.as_str().to_owned(), name.to_string()]);
            let rows: Vec<[String; 2]> = rows.collect();
            let advice = format!("`lightship lock` brings {} up to date\n", file.display());
            out::print(&(out::table(&rows) + &advice))?;
        }
    }
    Ok(if fresh { exit::OK } else { exit::NO })
}

fn word(outcome: &LockOutcome) -> &'static str {
    match outcome {
        LockOutcome::Kept => "kept",
        LockOutcome::Locked { .. } => "locked",
        LockOutcome::Failed { .. } => "failed",
    }
}

/// What became of the tools, for people.
pub(super) fn text(
    manifest: &Manifest,
    lock: &Lock,
    outcomes: &BTreeMap<ToolName, LockOutcome>,
    file: &Path,
    written: bool,
) -> String {
    let row = |tool: &&Tool| {
        let outcome = outcomes.get(&tool.name)?;
        let entry = lock.tools.get(&tool.name);
        let version = entry.and_then(|entry| entry.version.clone());
        let files = match entry.map(|entry| entry.locked.files().0) {
            None | Some(0) => String::new(),
            Some(1) => "1 file".to_owned(),
            Some(count) => format!("{count} files"),
        };
        let version = version.unwrap_or_else(|| tool.version.clone());
        Some([word(outcome).to_owned(), tool.name.to_string(), version, files])
    };
    let tools = manifest.tools_in_order();
    let rows: Vec<[String; 4]> = tools.iter().filter_map(row).collect();
    let mut text = out::table(&rows);
    for (name, outcome) in outcomes {
        match outcome {
            LockOutcome::Kept => {}
            LockOutcome::Locked { notes } => {
                text.extend(notes.iter().map(|note| format!("note: {name}: {note}\n")));
            }
            LockOutcome::Failed { error } => text.extend([format!("error: {name}: {error}\n")]),
        }
    }
    let file = file.display();
    let failed = outcomes.values().any(|outcome| matches!(outcome, LockOutcome::Failed { .. }));
    text + &match (written, failed) {
        (true, _) => format!("wrote {file}\n"),
        (false, true) => format!("{file} is left as it was\n"),
        (false, false) => format!("{file} is up to date\n"),
    }
}

/// What became of the tools, for programs.
pub(super) fn object(
    lock: &Lock,
    outcomes: &BTreeMap<ToolName, LockOutcome>,
    file: &Path,
    written: bool,
) -> Value {
    let tool = |(name, outcome): (&ToolName, &LockOutcome)| {
        let entry = lock.tools.get(name);
        let (files, bytes) = entry.map(|entry| entry.locked.files()).unwrap_or_default();
        let mut object = json!({
            "name": name,
            "outcome": word(outcome),
            "version": entry.and_then(|entry| entry.version.clone()),
            "source": entry.map(|entry| entry.locked.kind()),
            "files": files,
            "bytes": bytes,
        });
        match outcome {
            LockOutcome::Kept => {}
            LockOutcome::Locked { notes } => object["notes"] = json!(notes),
            LockOutcome::Failed { error } => object["error"] = json!(error),
        }
        object
    };
    let tools: Vec<Value> = outcomes.iter().map(tool).collect();
    json!({ "lock": file, "written": written, "tools": tools })
}
