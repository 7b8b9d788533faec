//! Resolving for `lightship lock`: each tool to exact versions, sizes and digests, by the
//! ordinary clients, in a directory of its own that is gone afterwards.

mod binary;
pub(crate) mod cargo;
mod deb;
mod npm;
mod pip;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use lightship_model::confinement::Confine;
use lightship_model::lock::{Entry, Gate, Lock, Locked, State, recipe, state};
use lightship_model::manifest::{Manifest, Source, Tool};
use lightship_model::name::ToolName;
use lightship_model::time::Timestamp;

use crate::clock::now;
use crate::confine::Confiner;
use crate::error::{LoaderError, Result};
use crate::install::log::Log;
use crate::install::progress::Reporter;
use crate::install::{Environment, InstallError, Job, Runner};
use crate::source::Archives;
use crate::store::ToolDir;
use crate::store::lock::Locking;
use crate::store::sweep::remove_tree;
use crate::store::volume::own_folders;
use crate::{Sink, platform, room};

/// What is to be locked, and how.
#[derive(Clone, Debug)]
pub struct LockRequest {
    /// Without a lock laid over it.
    pub manifest: Manifest,
    /// Programs of tools that are installed there are used; nothing is changed there.
    pub tool_dir: PathBuf,
    /// The lock so far: what is fresh in it stays.
    pub old: Lock,
    /// Resolve these alone; all when absent.
    pub only: Option<BTreeSet<ToolName>>,
    /// Resolve what is fresh, too.
    pub upgrade: bool,
    /// A release that is younger is refused; zero lets all pass.
    pub min_age: Duration,
    /// Take releases whose age the registry does not say.
    pub allow_unknown_age: bool,
    /// Wall-clock limit for a tool that has none of its own.
    pub timeout: Duration,
}

/// What became of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockOutcome {
    /// The entry is the one of before.
    Kept,
    /// It was resolved; with what the user should know.
    Locked { notes: Vec<String> },
    /// It is not locked, and why.
    Failed { error: String },
}

/// A tool's exact files, and what the user should know of them.
pub(crate) struct Resolved {
    pub(crate) version: Option<String>,
    pub(crate) locked: Locked,
    pub(crate) notes: Vec<String>,
}

/// Resolves; `told` hears of each tool before (without an outcome) and after it was resolved.
/// The lock that comes back has every tool but those that failed; after [`crate::stop_all`] it
/// is of no use.
///
/// # Errors
/// When there is no room for the clients' files.
pub fn lock(
    request: &LockRequest,
    told: &mut dyn FnMut(&Tool, Option<&LockOutcome>),
) -> Result<(Lock, BTreeMap<ToolName, LockOutcome>)> {
    let room = Room::make()?;
    let runner = runner(request, &room.0)?;
    let gate =
        Gate { now: now(), min_age: request.min_age, allow_unknown: request.allow_unknown_age };
    let mut lock = Lock::default();
    let mut outcomes = BTreeMap::new();
    for tool in request.manifest.tools_in_order() {
        let old = request.old.tools.get(&tool.name);
        let meant = request.only.as_ref().is_none_or(|only| only.contains(&tool.name));
        let fresh = state(tool, old) == State::Fresh;
        let outcome = if !meant || fresh && !request.upgrade {
            lock.tools.extend(old.map(|entry| (tool.name.clone(), entry.clone())));
            LockOutcome::Kept
        } else {
            told(tool, None);
            match resolve(request, &runner, &room.0, tool, &gate) {
                Ok(Resolved { version, locked, notes }) => {
                    let entry = Entry { recipe: recipe(tool), version, locked };
                    lock.tools.insert(tool.name.clone(), entry);
                    LockOutcome::Locked { notes }
                }
                // Whoever stops one stops all.
                Err(InstallError::Stopped) => break,
                Err(error) => LockOutcome::Failed { error: crate::chain(&error) },
            }
        };
        if meant {
            told(tool, Some(&outcome));
            outcomes.insert(tool.name.clone(), outcome);
        }
    }
    Ok((lock, outcomes))
}

/// A directory for the clients' files.
struct Room(PathBuf);

impl Room {
    fn make() -> Result<Self> {
        let id = format!("lightship-lock-{}-{}", std::process::id(), now().as_millis());
        let path = std::env::temp_dir().join(id);
        fs::create_dir(&path).map_err(|error| LoaderError::io("make", &path, error))?;
        Ok(Self(path))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What can't be removed lies in the system's directory for such things.
        drop(remove_tree(&self.0));
    }
}

fn runner(request: &LockRequest, room: &Path) -> Result<Runner> {
    let dir = ToolDir::make(&room.join("tools"))?;
    let own = own_folders(&request.tool_dir, &ToolDir::at(&request.tool_dir));
    let mut environment = Environment::from_process(&own, request.manifest.registries.clone());
    let published = ToolDir::at(&request.tool_dir).bin();
    if published.is_dir() {
        environment.path = format!("{}:{}", published.display(), environment.path);
    }
    let machine = platform::python(&request.manifest, &dir, &own);
    let sink: Sink = Arc::new(drop);
    let (cores, timeout) = (room::cores(), request.timeout);
    let loader = &request.manifest.loader;
    let confine = loader.confine.unwrap_or(Confine::Best);
    let confiner = Confiner::new(confine, loader.limits, dir.stage());
    Ok(Runner {
        dir,
        locking: Locking::Flock,
        confiner,
        environment,
        python: machine.python,
        no_python: machine.fault,
        archives: Archives::default(),
        cores,
        timeout,
        sink,
        spare: None,
        told: AtomicBool::new(false),
        hold: OnceLock::new(),
    })
}

fn resolve(
    request: &LockRequest,
    runner: &Runner,
    room: &Path,
    tool: &Tool,
    gate: &Gate,
) -> Result<Resolved, InstallError> {
    let mut tool = tool.clone();
    // Where another tool will be is not known yet, and of no interest to who only resolves.
    tool.env.retain(|_, value| !value.contains("{{tools."));
    let stage = room.join(tool.name.as_str());
    fs::create_dir_all(&stage).map_err(InstallError::io("make", &stage))?;
    let log = stage.join("log");
    let log = Log::open(&log, 1, now()).map_err(InstallError::io("write", &log))?;
    let timeout = tool.timeout.unwrap_or(request.timeout);
    let mut job = Job {
        runner,
        tool: &tool,
        prefix: stage.join("prefix"),
        stage: stage.clone(),
        requires: &[],
        deadline: Instant::now() + timeout,
        timeout,
        reporter: Reporter::new(tool.name.clone(), runner.sink.clone()),
        log,
        level: None,
    };
    let resolved = match &tool.source {
        Source::Cargo(cargo) => cargo::resolve(&mut job, cargo, gate),
        Source::Pip(pip) => pip::resolve(&mut job, pip, gate),
        Source::Npm(npm) => npm::resolve(&mut job, npm, gate),
        Source::Binary(binary) => binary::resolve(&mut job, binary, gate),
        Source::Deb(deb) => deb::resolve(&mut job, deb, gate),
        Source::Script(_) => {
            Ok(Resolved { version: None, locked: Locked::Script, notes: Vec::new() })
        }
    };
    drop(remove_tree(&stage));
    resolved.map_err(|error| with_client(error, &tool))
}

/// A client that is missing may be one of the manifest's own tools.
fn with_client(error: InstallError, tool: &Tool) -> InstallError {
    match error {
        InstallError::NoProgram { program, help } if !tool.requires.is_empty() => {
            let required: Vec<&str> = tool.requires.iter().map(ToolName::as_str).collect();
            InstallError::Recipe(format!(
                "`{program}` was not found: {help}. What it requires can be installed before: \
                 `lightship tools install {}`",
                required.join(" ")
            ))
        }
        error => error,
    }
}

/// A time as registries write it: with `Z`, or with an offset of zero.
pub(crate) fn time(text: Option<&str>) -> Option<Timestamp> {
    let text = text?.trim();
    let text = text.strip_suffix("+00:00").map_or(text.to_owned(), |text| format!("{text}Z"));
    Timestamp::try_from(text).ok()
}

/// A release that may not be locked.
pub(crate) fn refused(why: impl Into<String>) -> InstallError {
    InstallError::Recipe(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_registries_write() {
        let z = time(Some("2024-12-04T22:47:07.925Z")).unwrap();
        assert_eq!(time(Some("2024-12-04T22:47:07.925000+00:00")), Some(z));
        assert_eq!(time(Some("yesterday")), None);
        assert_eq!(time(None), None);
    }
}
