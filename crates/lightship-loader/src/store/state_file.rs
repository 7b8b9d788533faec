//! `loader-state.json` on disk: derived, so a bad one is set aside and made anew.

use std::io;
use std::path::PathBuf;

use lightship_model::event::ToolChange;
use lightship_model::receipt::Receipt;
use lightship_model::state::{LoaderState, ToolState, ToolStatus};
use lightship_model::time::Timestamp;

use super::{ToolDir, disk as fs, replace};

/// The state file, as it stands on disk and in memory.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    state: LoaderState,
}

/// What reading the state file gave.
#[derive(Debug)]
pub(crate) enum Loaded {
    Read(LoaderState),
    Absent,
    /// It was no state file; it lies at this path now.
    SetAside(PathBuf),
}

/// Reads the state file without changing anything; rubbish counts as absent.
pub(crate) fn peek(dir: &ToolDir) -> Option<LoaderState> {
    serde_json::from_slice(&fs::read(dir.state()).ok()?).ok()
}

/// Reads the state file; one that can't be understood is kept beside it under another name.
pub(crate) fn load(dir: &ToolDir, now: Timestamp) -> io::Result<Loaded> {
    let path = dir.state();
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::Absent),
        Err(error) => return Err(error),
    };
    if let Ok(state) = serde_json::from_slice(&bytes) {
        return Ok(Loaded::Read(state));
    }
    let aside = path.with_added_extension(format!("corrupt-{}", now.as_millis()));
    fs::rename(&path, &aside)?;
    Ok(Loaded::SetAside(aside))
}

impl StateFile {
    /// The state of a run: an earlier one's times stay when there is nothing to do.
    pub(crate) fn new(
        dir: &ToolDir,
        earlier: Option<LoaderState>,
        receipts: &[&Receipt],
        has_work: bool,
        now: Timestamp,
    ) -> Self {
        let fresh = || LoaderState { started_at: now, completed_at: None, tools: [].into() };
        let rebuilt = || LoaderState {
            started_at: receipts.iter().map(|receipt| receipt.started_at).min().unwrap_or(now),
            completed_at: receipts.iter().map(|receipt| receipt.installed_at).max(),
            tools: [].into(),
        };
        let state = if has_work { fresh() } else { earlier.unwrap_or_else(rebuilt) };
        Self { path: dir.state(), state }
    }

    /// From now on it is a file of `dir`.
    pub(crate) fn move_to(&mut self, dir: &ToolDir) {
        self.path = dir.state();
    }

    /// Makes the file say `changes` and nothing of other tools.
    pub(crate) fn set_all<'a>(&mut self, changes: impl IntoIterator<Item = &'a ToolChange>) {
        self.state.tools = changes
            .into_iter()
            .map(|change| (change.name.clone(), ToolState::from(change)))
            .collect();
    }

    pub(crate) fn set(&mut self, change: &ToolChange) {
        self.state.tools.insert(change.name.clone(), ToolState::from(change));
    }

    /// Puts back what an earlier state said of a tool.
    pub(crate) fn keep(&mut self, noted: ToolState) {
        self.state.tools.insert(noted.name.clone(), noted);
    }

    pub(crate) fn complete(&mut self, now: Timestamp) {
        self.state.completed_at.get_or_insert(now);
    }

    /// Writes the file, unless it says just this already. One that can't be renewed is removed
    /// if it calls a tool installed that is not: a file that is absent misleads nobody.
    pub(crate) fn save(&self) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(&self.state)?;
        text.push(b'\n');
        let there = fs::read(&self.path).unwrap_or_default();
        if there == text {
            return Ok(());
        }
        replace(&self.path, &text).inspect_err(|_| {
            if serde_json::from_slice(&there).is_ok_and(|there| says_more(&there, &self.state)) {
                drop(fs::remove_file(&self.path));
            }
        })
    }
}

/// Whether `there` calls a tool installed that `state` does not.
fn says_more(there: &LoaderState, state: &LoaderState) -> bool {
    let installed =
        |tool: Option<&ToolState>| tool.is_some_and(|tool| tool.status == ToolStatus::Installed);
    there
        .tools
        .iter()
        .any(|(name, tool)| installed(Some(tool)) && !installed(state.tools.get(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_more_when_it_alone_calls_a_tool_installed() {
        let state = |words: &[(&str, ToolStatus)]| LoaderState {
            started_at: Timestamp::from_millis(0),
            completed_at: None,
            tools: words
                .iter()
                .map(|(name, status)| ToolChange::new(name.parse().unwrap(), *status))
                .map(|change| (change.name.clone(), ToolState::from(&change)))
                .collect(),
        };
        let installed = state(&[("a", ToolStatus::Installed)]);
        let pending = state(&[("a", ToolStatus::Pending)]);
        assert!(says_more(&installed, &pending));
        assert!(says_more(&installed, &state(&[])));
        assert!(!says_more(&pending, &installed));
        assert!(!says_more(&installed, &installed));
    }
}
