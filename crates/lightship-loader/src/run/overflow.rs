//! What does not fit on the volume, or breaks on it while it is written: installed into the local
//! directory instead, which is gone with the container; the next start tries the volume again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lightship_model::event::{Event, What};
use lightship_model::key::{Key, keys};
use lightship_model::manifest::{Manifest, Tool};
use lightship_model::name::ToolName;
use lightship_model::receipt::Receipt;
use lightship_model::volume::{Problem, Volume};

use crate::clock::now;
use crate::error::Result;
use crate::install::attempt::attempt;
use crate::install::{InstallError, Runner, VolumeFailure};
use crate::observe::holding;
use crate::python::Python;
use crate::store::audit::Act;
use crate::store::lock::Locking;
use crate::store::space::usable_of;
use crate::store::volume::{Places, Spare, space, writes};
use crate::store::{DirLock, ToolDir, links, receipts, sweep};
use crate::{platform, warn};

/// The local directory beside a volume that can hold tools.
pub(super) struct Overflow {
    /// Nothing where tools go to the local directory anyway.
    spare: Option<Spare>,
    /// Nothing can be installed anywhere.
    nowhere: bool,
    /// What the volume was when the run began, then what became of it.
    report: Mutex<Volume>,
    manifest: Manifest,
    /// What an earlier run put there, and still holds.
    earlier: BTreeMap<ToolName, Receipt>,
    opened: OnceLock<Result<Opened, String>>,
    /// What this run put there.
    taken: Mutex<BTreeMap<ToolName, Receipt>>,
}

/// The local directory in use.
struct Opened {
    runner: Runner,
    keys: BTreeMap<ToolName, Key>,
    _lock: DirLock,
}

impl Overflow {
    pub(super) fn new(manifest: &Manifest, places: &Places, python: Option<&Python>) -> Self {
        let spare = places.spare.clone().filter(|_| places.report.problem.is_none());
        let earlier = spare
            .as_ref()
            .map(|spare| holding(&spare.peek(), manifest, python))
            .unwrap_or_default();
        Self {
            spare,
            nowhere: places.nowhere,
            report: Mutex::new(places.report.clone()),
            manifest: manifest.clone(),
            earlier,
            opened: OnceLock::new(),
            taken: Mutex::default(),
        }
    }

    /// Whether tools go to the local directory anyway.
    pub(super) fn is_none(&self) -> bool {
        self.spare.is_none()
    }

    /// What an earlier run put there, and the volume still has no room for.
    pub(super) fn too_large(&self) -> BTreeMap<ToolName, Receipt> {
        // As an install would see it: what only fits into the reserve does not fit.
        let free = self.report().space.as_ref().map(usable_of);
        let large = self
            .earlier
            .iter()
            .filter(|(_, receipt)| free.is_some_and(|free| receipt.bytes > free));
        let large: BTreeMap<_, _> =
            large.map(|(name, held)| (name.clone(), held.clone())).collect();
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).extend(large.clone());
        large
    }

    /// An attempt on the volume; where that fails on the volume's account, one beside it.
    pub(super) fn attempt(
        &self,
        runner: &Runner,
        tool: &Tool,
        key: &Key,
        requires: &[Receipt],
        number: u32,
    ) -> Result<Receipt, InstallError> {
        if self.nowhere {
            let why = self.report().why.unwrap_or_default();
            return Err(InstallError::Recipe(format!("there is nowhere to install it: {why}")));
        }
        let error = match attempt(runner, tool, key, requires, number) {
            Err(error) if self.spare.is_some() => error,
            other => return other,
        };
        let problem = match error.volume_failure() {
            Some(VolumeFailure::Full) => Problem::Full,
            // An installer may have tried to write elsewhere: then the volume is as good as ever.
            Some(VolumeFailure::Broken) if !writes(&runner.dir) => Problem::ReadOnly,
            Some(VolumeFailure::Broken) | None => return Err(error),
        };
        let room = room(&runner.dir);
        let opened = match self.opened.get_or_init(|| self.open(runner)) {
            Ok(opened) => opened,
            Err(why) => {
                return Err(InstallError::NoRoom { why: format!("{error}; {room}; {why}") });
            }
        };
        self.tell(runner, problem, &format!("tool {} does not go onto it: {room}", tool.name));
        let receipt = match (self.earlier.get(&tool.name), opened.keys.get(&tool.name)) {
            (Some(receipt), _) => receipt.clone(),
            (None, Some(key)) => attempt(&opened.runner, tool, key, requires, number).map_err(
                |second| match second.volume_failure() {
                    Some(_) => {
                        let there = self::room(&opened.runner.dir);
                        InstallError::NoRoom { why: format!("{second}; {room}; {there}") }
                    }
                    None => second,
                },
            )?,
            (None, None) => return Err(error),
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(tool.name.clone(), receipt.clone());
        Ok(receipt)
    }

    fn open(&self, runner: &Runner) -> Result<Opened, String> {
        let open = || -> Result<Opened> {
            let dir = self.spare.as_ref().map(Spare::make).transpose()?;
            let dir = dir.unwrap_or_else(|| runner.dir.clone()).beside([&runner.dir]);
            let keys =
                keys(&self.manifest.tools, &platform::platform(&dir, runner.python.as_ref()));
            let waiting = |holder: &str| {
                let what = "uses the local directory: waiting for it";
                warn(&runner.sink, format!("another loader ({holder}) {what}"));
                runner.audit(&Act::WaitForLock { holder: holder.to_owned() });
            };
            let lock = DirLock::take(&dir, &Locking::Flock, &waiting, || ())?;
            // What a loader that died began there: its installers may be writing still.
            let rubbish = sweep::look(&dir, &receipts::read_all(&dir)?)?;
            if !rubbish.is_empty() {
                rubbish.sweep(&dir);
            }
            Ok(Opened { runner: runner.elsewhere(dir), keys, _lock: lock })
        };
        open().map_err(|error| crate::chain(&error))
    }

    /// Publishes what is only there; nothing is done while nothing ever was.
    pub(super) fn publish(&self, runner: &Runner, on_volume: &BTreeMap<ToolName, Receipt>) {
        let Some(spare) = &self.spare else { return };
        let dir = spare.peek();
        if !dir.bin().is_dir() {
            return;
        }
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut only_there = self.earlier.clone();
        only_there.retain(|name, _| !on_volume.contains_key(name));
        only_there.extend(taken.clone());
        let order = self.manifest.tools_in_order();
        let receipts: Vec<&Receipt> =
            order.iter().filter_map(|tool| only_there.get(&tool.name)).collect();
        let published = links::publish(&dir, &receipts);
        for said in published.warnings.into_iter().chain(published.failed.into_values()) {
            warn(&runner.sink, format!("in the local directory: {said}"));
        }
    }

    /// Whether `receipt` is of a tool in the local directory.
    pub(super) fn has(&self, receipt: &Receipt) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(&receipt.name).is_some_and(|there| there.key == receipt.key)
    }

    /// Says that tools are there although the volume was found good.
    pub(super) fn tell_earlier(&self, runner: &Runner) {
        let some = {
            let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.keys().next().cloned()
        };
        if let Some(name) = some {
            let room = room(&runner.dir);
            self.tell(runner, Problem::Full, &format!("tool {name} does not go onto it: {room}"));
        }
    }

    /// Tells what became of the volume; a warning the first time.
    fn tell(&self, runner: &Runner, problem: Problem, why: &str) {
        let tools_dir = self.spare.as_ref().map(|spare| spare.peek().root().display().to_string());
        let report = {
            let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
            let first = report.problem.replace(problem).is_none();
            report.why = Some(why.to_owned());
            report.tools_dir = tools_dir;
            report.space = space(&runner.dir).or(report.space);
            first.then(|| report.clone())
        };
        let Some(report) = report else { return };
        if let Some(failure) = report.failure() {
            warn(&runner.sink, failure);
        }
        if let Some(act) = Act::of_volume(&report) {
            runner.audit(&act);
        }
        (runner.sink)(Event::new(now(), What::Volume(Box::new(report))));
    }

    fn report(&self) -> Volume {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is left where `dir` is, in words.
fn room(dir: &ToolDir) -> String {
    let shown = dir.root().display();
    space(dir)
        .map_or_else(|| format!("{shown} can't be asked"), |space| format!("on {shown} {space}"))
}

/// [`Overflow`], shared by the threads of a run.
pub(super) type Shared = Arc<Overflow>;
