//! What a run notes of its tools: `loader-state.json`, on the volume as long as that takes it,
//! else in the local directory. Derived from the receipts: without it everything still works.

use std::collections::BTreeMap;

use lightship_model::event::ToolChange;
use lightship_model::name::ToolName;
use lightship_model::receipt::Receipt;
use lightship_model::state::ToolState;
use lightship_model::time::Timestamp;

use crate::install::Runner;
use crate::observe::Observed;
use crate::store::audit::Act;
use crate::store::state_file::{self, Loaded, StateFile};
use crate::warn;

/// The notes of a run.
pub(super) struct Notes {
    state: StateFile,
    /// They are in the local directory, as the volume does not take them.
    moved: bool,
}

impl Notes {
    /// Begins with what the state file says; gives what it said of each tool. A bad one is kept
    /// beside the new one, with a warning; that it can't be is no reason to load nothing.
    pub(super) fn begin(
        runner: &Runner,
        observed: &Observed,
        has_work: bool,
        now: Timestamp,
        may_change: bool,
    ) -> (Self, BTreeMap<ToolName, ToolState>) {
        let loaded = if may_change {
            state_file::load(&runner.dir, now)
        } else {
            Ok(state_file::peek(&runner.dir).map_or(Loaded::Absent, Loaded::Read))
        };
        let earlier = match loaded {
            Ok(Loaded::Read(state)) => Some(state),
            Ok(Loaded::Absent) => None,
            Err(error) => {
                warn(&runner.sink, format!("can't read or rename loader-state.json: {error}"));
                None
            }
            Ok(Loaded::SetAside(path)) => {
                let file = path.display().to_string();
                let message = format!(
                    "loader-state.json could not be read: made anew from the receipts, the bad \
                     file is kept as {file}"
                );
                warn(&runner.sink, message);
                runner.audit(&Act::SetAside { file, reason: "no state file".to_owned() });
                None
            }
        };
        let holding: Vec<&Receipt> = observed.holding.values().collect();
        let tools = earlier.as_ref().map(|state| state.tools.clone()).unwrap_or_default();
        let state = StateFile::new(&runner.dir, earlier, &holding, has_work, now);
        (Self { state, moved: false }, tools)
    }

    /// Makes them say `changes` and nothing of other tools.
    pub(super) fn set_all<'a>(&mut self, changes: impl IntoIterator<Item = &'a ToolChange>) {
        self.state.set_all(changes);
    }

    pub(super) fn set(&mut self, change: &ToolChange) {
        self.state.set(change);
    }

    /// Puts back what an earlier run noted of a tool.
    pub(super) fn keep(&mut self, noted: ToolState) {
        self.state.keep(noted);
    }

    pub(super) fn complete(&mut self, now: Timestamp) {
        self.state.complete(now);
    }

    /// Writes them.
    pub(super) fn save(&mut self, runner: &Runner) {
        let Err(error) = self.state.save() else { return };
        match runner.spare_dir() {
            // The volume has filled up, or is read-only by now.
            Some(dir) if !self.moved => {
                self.moved = true;
                let shown = dir.state().display().to_string();
                let message = format!("can't write loader-state.json: {error}; it is {shown} now");
                warn(&runner.sink, message);
                self.state.move_to(&dir);
                self.save(runner);
            }
            _ => warn(&runner.sink, format!("can't write loader-state.json: {error}")),
        }
    }
}
