//! One run of the loader, from the first look at the directory to "nothing is left to do".

mod load;
mod overflow;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Receiver;

use lightship_model::event::{Event, LoaderCommand, What};
use lightship_model::key::{Key, keys};
use lightship_model::name::ToolName;
use lightship_model::plan::{Decision, Planned, plan};
use lightship_model::receipt::Receipt;

use self::load::Load;
use self::overflow::Overflow;
use crate::clock::now;
use crate::error::{LoaderError, Result};
use crate::install::{Environment, Runner};
use crate::observe::{Observed, holding, observe};
use crate::store::audit::Act;
use crate::store::volume::{own_folders, settle};
use crate::store::{DirLock, sweep};
use crate::{Options, Sink, platform, room, stop_all, warn};

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
/// When a directory that was fit to hold tools can't be read or locked. A tool that fails is no
/// error here but an event, and so is a volume that tools can't live on.
pub fn run(options: &Options, commands: Receiver<LoaderCommand>, sink: &Sink) -> Result<Summary> {
    let started = now();
    let places = settle(&options.tool_dir);
    sink(Event::new(now(), What::Volume(Box::new(places.report.clone()))));
    if let Some(failure) = places.report.failure() {
        warn(sink, failure);
    }
    let manifest = &options.manifest;
    let own_folders = own_folders(&options.tool_dir, &places.dir);
    let python = platform::python(manifest, &places.dir, &own_folders);
    let keys = keys(&manifest.tools, &platform::platform(&places.dir, python.as_ref()));
    let environment = Environment::from_process(&own_folders, manifest.registries.clone());
    // The first of them that has a tool counts.
    let looked_at = places.looked_at.iter().rev();
    let mut elsewhere: BTreeMap<ToolName, Receipt> =
        looked_at.flat_map(|root| holding(root, manifest, python.as_ref())).collect();
    let overflow = Overflow::new(manifest, &places, python.as_ref());
    elsewhere.extend(overflow.too_large());
    let runner = Runner {
        dir: places.dir,
        environment,
        python,
        cores: room::cores(),
        timeout: options.timeout,
        sink: Sink::clone(sink),
        spare: places.spare,
        told: AtomicBool::new(false),
    };
    let mut observed = observe(&runner.dir, manifest, &keys, &elsewhere)?;
    let mut decided = decide(options, &keys, &observed);
    let mut lock = None;
    // With nowhere to install there is nothing to lock: each tool says why it can't be had.
    if has_work(&decided) && !places.nowhere {
        let waiting = |holder: &str| {
            warn(sink, format!("another loader ({holder}) uses this directory: waiting for it"));
        };
        let lost = {
            let sink = Sink::clone(sink);
            move || {
                let message = "another loader has taken the lease of the tool directory, as this \
                               one did not renew it in time: installs are stopped";
                warn(&sink, message.to_owned());
                stop_all();
            }
        };
        lock = Some(DirLock::take(&runner.dir, &places.locking, &waiting, lost)?);
        // Somebody else may have done the work while this one waited.
        observed = observe(&runner.dir, manifest, &keys, &elsewhere)?;
        clean_up(&runner, &mut observed)?;
        decided = decide(options, &keys, &observed);
    }
    let load = Load::begin(
        options,
        Arc::new(runner),
        Arc::new(overflow),
        keys,
        observed,
        &decided,
        started,
    );
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
