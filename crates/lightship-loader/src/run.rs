//! One run of the loader, from the first look at the directory to "nothing is left to do".

mod load;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use lightship_model::event::LoaderCommand;
use lightship_model::key::{Key, keys};
use lightship_model::name::ToolName;
use lightship_model::plan::{Decision, Planned, plan};

use self::load::Load;
use crate::clock::now;
use crate::error::{LoaderError, Result};
use crate::install::{Environment, Runner};
use crate::observe::{Observed, observe};
use crate::source::Archives;
use crate::store::audit::Act;
use crate::store::{DirLock, ToolDir, sweep};
use crate::{Options, Sink, platform, room, warn};

/// How a run ended: numbers of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub installed: usize,
    pub failed: usize,
    pub skipped: usize,
}

/// Loads what `options` ask for. `commands` may promote tools meanwhile; events go to `sink`.
///
/// # Errors
/// When the tool directory can't be used. A tool that fails is no error here but an event.
pub fn run(options: &Options, commands: Receiver<LoaderCommand>, sink: &Sink) -> Result<Summary> {
    let started = now();
    let dir = ToolDir::prepare(&options.tool_dir)?;
    let python = platform::python(&options.manifest, &dir);
    let keys = keys(&options.manifest.tools, &platform::platform(&dir, python.as_ref()));
    let environment = Environment::from_process(&dir.bin(), options.manifest.registries.clone());
    let runner = Runner {
        dir,
        environment,
        python,
        archives: Archives::default(),
        cores: room::cores(),
        timeout: options.timeout,
        sink: Sink::clone(sink),
    };
    let mut observed = observe(&runner.dir, &options.manifest, &keys)?;
    let mut decided = decide(options, &keys, &observed);
    let mut lock = None;
    if has_work(&decided) {
        let waiting = |holder: &str| {
            warn(sink, format!("another loader ({holder}) uses this directory: waiting for it"));
        };
        lock = Some(DirLock::take(&runner.dir, waiting)?);
        // Somebody else may have done the work while this one waited.
        observed = observe(&runner.dir, &options.manifest, &keys)?;
        clean_up(&runner, &mut observed)?;
        decided = decide(options, &keys, &observed);
    }
    let load = Load::begin(options, Arc::new(runner), keys, observed, &decided, started)?;
    let summary = load.follow(commands)?;
    drop(lock);
    Ok(summary)
}

fn decide(options: &Options, keys: &BTreeMap<ToolName, Key>, observed: &Observed) -> Vec<Planned> {
    plan(&options.manifest, keys, observed.found.clone(), &options.scope)
}

fn has_work(plan: &[Planned]) -> bool {
    plan.iter().any(|planned| planned.decision == Decision::Install)
}

/// Removes what a dead loader left, and sets aside receipts that can't be read. Under the lock.
fn clean_up(runner: &Runner, observed: &mut Observed) -> Result<()> {
    for path in observed.receipts.unreadable.drain(..) {
        let aside = path.with_added_extension(format!("corrupt-{}", now().as_millis()));
        fs::rename(&path, &aside).map_err(|error| LoaderError::io("rename", &path, error))?;
        let file = aside.display().to_string();
        warn(&runner.sink, format!("a receipt can't be read; it is kept as {file}"));
        runner.audit(&Act::SetAside { file, reason: "no receipt".to_owned() });
    }
    let removed = sweep::sweep(&runner.dir, &observed.receipts)?;
    if !removed.is_empty() {
        runner.audit(&Act::Sweep { prefixes: removed });
    }
    Ok(())
}
