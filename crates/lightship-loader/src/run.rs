//! One run of the loader, from the first look at the directory to "nothing is left to do".

mod load;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use lightship_model::event::LoaderCommand;
use lightship_model::key::{Key, keys};
use lightship_model::name::ToolName;
use lightship_model::plan::{Decision, Planned, plan};

use self::load::Load;
use crate::clock::now;
use crate::error::Result;
use crate::install::{Environment, Runner};
use crate::observe::{Observed, observe};
use crate::store::audit::Act;
use crate::store::{DirLock, ToolDir, disk as fs, links, sweep};
use crate::{Options, Sink, chain, platform, room, warn};

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
        cores: room::cores(),
        timeout: options.timeout,
        sink: Sink::clone(sink),
    };
    // Also with nothing to install there may be something to tidy: with the lock, if that takes
    // no waiting; without it nothing is changed.
    let mut lock = DirLock::try_take(&runner.dir);
    let mut observed = observe(&runner.dir, &options.manifest, &keys)?;
    let mut decided = decide(options, &keys, &observed);
    if lock.is_none() && has_work(&runner.dir, &decided, &observed) {
        lock = Some(wait_for_lock(&runner)?);
        // Somebody else may have done the work while this one waited.
        observed = observe(&runner.dir, &options.manifest, &keys)?;
        decided = decide(options, &keys, &observed);
    }
    if lock.is_some() {
        clean_up(&runner, &mut observed)?;
    }
    let load = Load::begin(options, Arc::new(runner), keys, observed, &decided, started, lock);
    load.follow(commands)
}

/// Takes the lock of the runner's directory, and says so if that means waiting.
fn wait_for_lock(runner: &Runner) -> Result<DirLock> {
    DirLock::take(&runner.dir, |holder| {
        let message = format!("another loader ({holder}) uses this directory: waiting for it");
        warn(&runner.sink, message);
    })
}

fn decide(options: &Options, keys: &BTreeMap<ToolName, Key>, observed: &Observed) -> Vec<Planned> {
    plan(&options.manifest, keys, observed.found.clone(), &options.scope)
}

/// Whether there is something to do that is worth waiting for: a tool to install or to publish.
fn has_work(dir: &ToolDir, plan: &[Planned], observed: &Observed) -> bool {
    let holding: Vec<_> = plan.iter().filter_map(|p| observed.holding.get(&p.tool)).collect();
    plan.iter().any(|planned| planned.decision == Decision::Install)
        || links::are_missing(dir, &holding)
}

/// Removes what a dead loader left, and sets aside receipts that can't be read. Under the lock.
/// What can't be removed stops nobody: it is rubbish, and the next start tries again.
fn clean_up(runner: &Runner, observed: &mut Observed) -> Result<()> {
    for path in observed.receipts.unreadable.drain(..) {
        let aside = path.with_added_extension(format!("corrupt-{}", now().as_millis()));
        if let Err(error) = fs::rename(&path, &aside) {
            let path = path.display();
            warn(&runner.sink, format!("a receipt can't be read, nor renamed: {path}: {error}"));
            continue;
        }
        let file = aside.display().to_string();
        warn(&runner.sink, format!("a receipt can't be read; it is kept as {file}"));
        runner.audit(&Act::SetAside { file, reason: "no receipt".to_owned() });
    }
    let rubbish = sweep::look(&runner.dir, &observed.receipts)?;
    if rubbish.is_empty() {
        return Ok(());
    }
    let swept = rubbish.sweep(&runner.dir);
    for error in swept.failed {
        warn(&runner.sink, format!("rubbish stays where it is: {}", chain(&error)));
    }
    if !swept.prefixes.is_empty() {
        runner.audit(&Act::Sweep { prefixes: swept.prefixes });
    }
    Ok(())
}
