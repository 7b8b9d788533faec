//! Laying a lock over a manifest: each tool learns what it is made of.

use std::io;
use std::path::{Path, PathBuf};

use super::{Entry, Lock, recipe};
use crate::manifest::{Manifest, ManifestError, ManifestErrors, Source, Text, Tool, Which};
use crate::name::ToolName;
use crate::settings::{Setting, Settings};

/// Says that no lock is to be used.
pub const OFF: &str = "off";

/// How a lock's entry stands to the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is what this recipe was resolved to.
    Fresh,
    /// It was made for another recipe.
    Stale,
    /// There is none.
    Missing,
    /// No tool of the manifest is called so.
    Superfluous,
}

impl State {
    /// The word that it is told by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Superfluous => "superfluous",
        }
    }
}

/// How the entry of `tool` stands.
pub fn state(tool: &Tool, entry: Option<&Entry>) -> State {
    match entry {
        None => State::Missing,
        Some(entry) if entry.recipe == recipe(tool) && fits(&tool.source, entry) => State::Fresh,
        Some(_) => State::Stale,
    }
}

/// A lock that was edited may say another kind than the recipe.
fn fits(source: &Source, entry: &Entry) -> bool {
    source.kind() == entry.locked.kind()
}

/// Where the lock of a manifest is: what the setting names, else beside the manifest, under
/// its name. A built-in manifest has none, and `off` means none.
pub fn path(which: &Which, setting: &Setting<Option<String>>) -> Option<PathBuf> {
    match (&setting.value, which) {
        (Some(off), _) if off == OFF => None,
        (Some(path), _) => Some(PathBuf::from(path)),
        (None, Which::File(manifest)) => Some(manifest.with_extension("lock")),
        (None, Which::Profile(_)) => None,
    }
}

/// Lays the lock that `settings` mean over `manifest`; `read` reads a file. Tools without a
/// fresh entry stay as they are, and the warnings that come back say so.
///
/// # Errors
/// When the lock can't be read or is none, and, where `settings` ask for a lock, when a tool
/// has no fresh entry.
pub fn apply(
    manifest: &mut Manifest,
    which: &Which,
    settings: &Settings,
    read: impl Fn(&Path) -> io::Result<String>,
) -> Result<Vec<String>, ManifestErrors> {
    let locked = settings.locked.value;
    let path = path(which, &settings.lock);
    let named = settings.lock.value.is_some();
    let shown = path.as_ref().map_or("no lock".to_owned(), |path| path.display().to_string());
    let lock = match path.as_deref().map(&read) {
        Some(Ok(text)) => Lock::read(&Text::new(&shown, text))?,
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound && !named && !locked => {
            return Ok(Vec::new());
        }
        Some(Err(error)) => return Err(unreadable(&shown, &error, locked)),
        None if locked && !manifest.tools.is_empty() => return Err(none(&settings.locked)),
        None => return Ok(Vec::new()),
    };
    let found = attach(manifest, lock);
    if locked && !found.is_empty() {
        let errors = found.into_iter().map(|(tool, state)| ManifestError {
            help: Some(HELP.to_owned()),
            ..error(&shown, complaint(&tool, state))
        });
        return Err(ManifestErrors(errors.collect()));
    }
    let warn = |(tool, state)| {
        format!(
            "{shown}: {}: it is resolved anew; `lightship lock` locks it",
            complaint(&tool, state)
        )
    };
    Ok(found.into_iter().map(warn).collect())
}

/// Gives each tool its entry; the tools for which there is no fresh one.
fn attach(manifest: &mut Manifest, mut lock: Lock) -> Vec<(ToolName, State)> {
    let mut without = Vec::new();
    for tool in manifest.tools.values_mut() {
        let entry = lock.tools.remove(&tool.name);
        match (state(tool, entry.as_ref()), entry) {
            (State::Fresh, Some(entry)) => {
                if let Some(version) = entry.version
                    && tool.version == "latest"
                {
                    tool.version = version;
                }
                tool.locked = Some(entry.locked);
            }
            (state, _) => without.push((tool.name.clone(), state)),
        }
    }
    without
}

const HELP: &str = "`lightship lock` brings it up to date; without `--locked` (LOA_LOCKED, \
                    [loader] locked) such tools are resolved while they are installed";

fn complaint(tool: &ToolName, state: State) -> String {
    match state {
        State::Missing => format!("tool `{tool}` is not locked"),
        _ => format!("tool `{tool}` was locked for another recipe than the manifest has now"),
    }
}

fn unreadable(file: &str, reason: &io::Error, locked: bool) -> ManifestErrors {
    let named = "name the lock with --lock FILE or LOA_LOCK; `off` is for none";
    let help = if locked { HELP } else { named };
    let error = error(file, format!("can't read the lock: {reason}"));
    ManifestError { help: Some(help.to_owned()), ..error }.into()
}

fn none(locked: &Setting<bool>) -> ManifestErrors {
    let message = format!("a lock is asked for ({}), and there is none", locked.origin);
    let help = "a built-in manifest has no lock: name one with --lock FILE or LOA_LOCK";
    ManifestError { help: Some(help.to_owned()), ..error("lock", message) }.into()
}

fn error(file: &str, message: String) -> ManifestError {
    ManifestError {
        file: file.to_owned(),
        line: 0,
        column: 0,
        excerpt: String::new(),
        message,
        help: None,
    }
}
