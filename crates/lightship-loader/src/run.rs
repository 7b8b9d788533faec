//! One run of the loader, from the first look at the directory to "nothing is left to do".

mod load;
mod notes;
mod overflow;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};

use lightship_model::event::{Event, LoaderCommand, What};
use lightship_model::key::{Key, keys};
use lightship_model::name::ToolName;
use lightship_model::plan::{Decision, Planned, plan};
use lightship_model::receipt::Receipt;

use self::load::{Load, Looked};
use self::overflow::Overflow;
use crate::care::retire;
use crate::clock::now;
use crate::confine::{Confiner, adopt_orphans, cgroup};
use crate::error::Result;
use crate::install::{Environment, Runner};
use crate::observe::{Observed, holding, observe};
use crate::python::Machine;
use crate::source::Archives;
use crate::store::audit::Act;
use crate::store::lock::Locking;
use crate::store::volume::{own_folders, settle};
use crate::store::{DirLock, ToolDir, disk as fs, links, sweep};
use crate::{Options, Sink, chain, platform, room, stop_all, warn};

/// How a run ended: numbers of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub installed: usize,
    pub failed: usize,
    pub skipped: usize,
}

/// What a run has come to, for what is done when nothing is left to load.
pub(crate) struct Loaded {
    pub(crate) summary: Summary,
    pub(crate) dir: ToolDir,
    pub(crate) locking: Locking,
    /// Receipts of all tools that are installed, wherever.
    holding: Vec<Receipt>,
    /// How many commands were taken: later ones came when all was done.
    pub(crate) commands: usize,
}

impl Loaded {
    /// Receipts of what was installed into `dir`.
    pub(crate) fn here(&self) -> impl Iterator<Item = &Receipt> {
        let here = |receipt: &&Receipt| !receipt.pre_existing && self.dir.owns(&receipt.slug());
        self.holding.iter().filter(here)
    }
}

/// Loads what `options` ask for. `commands` may promote tools meanwhile; events go to `sink`.
///
/// # Errors
/// When a directory that was fit to hold tools can't be read or locked. A tool that fails is no
/// error here but an event, and so is a volume that tools can't live on.
pub fn run(options: &Options, commands: Receiver<LoaderCommand>, sink: &Sink) -> Result<Summary> {
    load(options, commands, sink).map(|loaded| loaded.summary)
}

pub(crate) fn load(
    options: &Options,
    commands: Receiver<LoaderCommand>,
    sink: &Sink,
) -> Result<Loaded> {
    let started = now();
    let places = settle(&options.tool_dir);
    sink(Event::new(now(), What::Volume(Box::new(places.report.clone()))));
    if let Some(failure) = places.report.failure() {
        warn(sink, failure);
    }
    let manifest = &options.manifest;
    let own_folders = own_folders(&options.tool_dir, &places.dir);
    let Machine { python, fault } = platform::python(manifest, &places.dir, &own_folders);
    if let Some(fault) = &fault {
        warn(sink, format!("the machine's Python is taken as not there: {fault}"));
    }
    let keys = keys(&manifest.tools, &platform::platform(&places.dir, python.as_ref()));
    let environment = Environment::from_process(&own_folders, manifest.registries.clone());
    // The first of them that has a tool counts.
    let looked_at = places.looked_at.iter().rev();
    let mut elsewhere: BTreeMap<ToolName, Receipt> =
        looked_at.flat_map(|root| holding(root, manifest, python.as_ref())).collect();
    let overflow = Overflow::new(manifest, &places, python.as_ref());
    elsewhere.extend(overflow.too_large());
    let (limits, nowhere) = (manifest.loader.limits, places.nowhere);
    let runner = Runner {
        confiner: Confiner::new(options.confine, limits, places.dir.stage()),
        dir: places.dir,
        locking: places.locking,
        environment,
        python,
        no_python: fault,
        archives: Archives::default(),
        cores: room::cores(),
        timeout: options.timeout,
        sink: Sink::clone(sink),
        spare: places.spare,
        told: AtomicBool::new(false),
        hold: OnceLock::new(),
    };
    if let Some(act) = Act::of_volume(&places.report) {
        runner.audit(&act);
    }
    // Also with nothing to install there may be something to tidy: with the lock, if that takes
    // no waiting; without it nothing is changed. With nowhere to install there is nothing to
    // lock: each tool says why it can't be had.
    let mut lock = if nowhere { None } else { DirLock::try_take(&runner.dir, &runner.locking) };
    let mut observed = observe(&runner.dir, manifest, &keys, &elsewhere)?;
    let mut decided = decide(options, &keys, &observed);
    if lock.is_none() && !nowhere && has_work(&runner.dir, &decided, &observed) {
        lock = Some(wait_for_lock(&runner)?);
        // Somebody else may have done the work while this one waited.
        observed = observe(&runner.dir, manifest, &keys, &elsewhere)?;
        decided = decide(options, &keys, &observed);
    }
    if lock.is_some() {
        adopt_orphans();
        clean_up(&runner, &mut observed)?;
        let wanted = retire::wanted(manifest, &keys);
        retire::note(&runner.dir, &observed.receipts, &wanted, |act| runner.audit(act));
    }
    // Finding out costs a child process.
    let installs = decided.iter().any(|planned| planned.decision == Decision::Install);
    let report = (lock.is_some() && installs).then(|| runner.confiner.report());
    let looked = Looked { started, keys, observed, decided, nowhere };
    let stage = runner.dir.stage();
    let load = Load::begin(options, Arc::new(runner), Arc::new(overflow), looked, lock);
    if let Some(report) = report {
        sink(Event::new(now(), What::Confinement(report)));
    }
    let loaded = load.follow(commands);
    cgroup::leave(&stage);
    loaded
}

/// Takes the lock of the runner's directory, and says so if that means waiting.
fn wait_for_lock(runner: &Runner) -> Result<DirLock> {
    let waiting = |holder: &str| {
        let message = format!("another loader ({holder}) uses this directory: waiting for it");
        warn(&runner.sink, message);
        runner.audit(&Act::WaitForLock { holder: holder.to_owned() });
    };
    let sink = Sink::clone(&runner.sink);
    let lost = move || {
        let message = "another loader has taken the lease of the tool directory, as this one did \
                       not renew it in time: installs are stopped";
        warn(&sink, message.to_owned());
        stop_all();
    };
    let lock = DirLock::take(&runner.dir, &runner.locking, &waiting, lost)?;
    if let Some(hold) = lock.hold() {
        runner.hold.get_or_init(|| hold);
    }
    Ok(lock)
}

fn decide(options: &Options, keys: &BTreeMap<ToolName, Key>, observed: &Observed) -> Vec<Planned> {
    plan(&options.manifest, keys, observed.found.clone(), &options.scope)
}

/// Whether there is something to do that is worth waiting for: a tool to install or to publish.
fn has_work(dir: &ToolDir, plan: &[Planned], observed: &Observed) -> bool {
    // What is baked, or in the local directory, is published where it is.
    let here = |receipt: &&Receipt| receipt.pre_existing || dir.owns(&receipt.slug());
    let holding = plan.iter().filter_map(|planned| observed.holding.get(&planned.tool));
    let holding: Vec<_> = holding.filter(here).collect();
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
