//! A tool that is on the machine already: its programs are on `PATH` and `verify` passes.

use lightship_model::event::{Exit, Phase};
use lightship_model::name::BinName;
use lightship_model::receipt::Entry;

use super::job::{Job, look_up};
use super::process::{self, End};
use super::verify::version_in;
use crate::store::audit::Act;
use crate::store::check::executable;

/// How long `verify` may take before the tool counts as absent.
const LIMIT: std::time::Duration = std::time::Duration::from_mins(1);

/// A tool that the machine has.
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    /// The version that `verify` printed.
    pub(crate) version: Option<String>,
}

/// Looks for the tool outside the store. Without a `verify` nothing could be proven.
pub(crate) fn find(job: &mut Job<'_>) -> Option<Found> {
    let verify = job.tool.verify.clone().filter(|verify| {
        // A command about our own prefix says nothing about the machine.
        !verify.iter().any(|word| word.contains("{{"))
    })?;
    let (program, arguments) = verify.split_first()?;
    let path = job.runner.environment.path.clone();
    look_up(program, path.as_ref())?;
    let entries = entries(job.tool.bins.as_deref().unwrap_or_default(), &path)?;
    job.phase(Phase::Checking);
    let mut command = job.command_in(program, "", &[]).ok()?;
    command.args(arguments);
    let shown = command.get_program().to_string_lossy().into_owned();
    job.runner.audit(&Act::Run {
        tool: job.name().clone(),
        program: shown.clone(),
        purpose: "look whether the machine has it",
    });
    job.log.command(&format!("{} (is it there already?)", verify.join(" ")));
    let deadline = job.deadline.min(std::time::Instant::now() + LIMIT);
    let mut version = None;
    let cell = job.cell().ok()?;
    let ran = process::run(command, cell, &mut job.log, deadline, |line| {
        version = version.take().or_else(|| version_in(line));
    });
    let ran = ran.ok()?;
    job.note(ran.level);
    if !matches!(ran.end, End::Exited(Exit::Code(0))) {
        return None;
    }
    job.runner.audit(&Act::PreExisting { tool: job.name().clone(), program: shown });
    Some(Found { entries, version })
}

/// Where each of `bins` is on `path`; nothing if one is missing.
fn entries(bins: &[BinName], path: &str) -> Option<Vec<Entry>> {
    bins.iter()
        .map(|name| {
            let found = look_up(name.as_str(), path.as_ref())?;
            let size = executable(&found)?.len();
            Some(Entry { name: name.clone(), path: found.display().to_string(), size })
        })
        .collect()
}
