//! What the machine gives and how the tool directory stands: a table of checks, a file each.
//! None changes anything but scratch files of its own.

mod clock;
mod confinement;
mod date;
mod directory;
mod http;
mod loaders;
mod registries;
mod space;
mod tools;
mod trail;
mod volume;

use std::path::Path;

use lightship_model::manifest::Manifest;
use lightship_model::volume::Volume;
use serde::Serialize;

use self::registries::Answer;
use crate::store::ToolDir;
use crate::store::disk as fs;
use crate::store::sweep::remove_tree;
use crate::store::volume::settle;

/// How serious a finding is; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// It works, and less well than it could.
    Warn,
    /// Something that is wanted will not work.
    Fail,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable, for programs: `volume`, `registry-cargo`.
    pub id: String,
    pub status: Status,
    /// One line.
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    pub fn new(id: impl Into<String>, status: Status, what: impl Into<String>) -> Self {
        Self { id: id.into(), status, what: what.into(), detail: None, help: None }
    }

    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// What every check may look at.
struct Context<'a> {
    manifest: &'a Manifest,
    dir: ToolDir,
    /// The volume, and where tools go.
    volume: Volume,
    /// What the registries said; nothing when nobody was to be asked.
    answers: Vec<Answer>,
}

type Check = fn(&Context<'_>) -> Vec<Finding>;

/// In the order in which they are shown.
const CHECKS: [Check; 9] = [
    directory::check,
    volume::check,
    space::check,
    confinement::check,
    tools::check,
    trail::check,
    loaders::check,
    registries::check,
    clock::check,
];

/// Runs all checks on the directory at `root`; `offline` asks no registry.
pub fn examine(manifest: &Manifest, root: &Path, offline: bool) -> Vec<Finding> {
    let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let answers = if offline { Vec::new() } else { registries::ask(manifest) };
    let dir = ToolDir::at(&root);
    let volume = volume(&root);
    let context = Context { manifest, dir, volume, answers };
    CHECKS.iter().flat_map(|check| check(&context)).collect()
}

/// What a start would find the volume to be. Where there is no tool directory yet none is made:
/// a folder beside its place is looked at.
fn volume(root: &Path) -> Volume {
    let there = root.ancestors().find(|path| path.is_dir());
    let Some(there) = there.filter(|_| !ToolDir::at(root).v1().is_dir()) else {
        return settle(root).report;
    };
    let scratch = there.join(format!(".lightship-doctor-{}", std::process::id()));
    if fs::create_dir(&scratch).is_err() {
        // It says why a start can't make its directory either.
        return settle(root).report;
    }
    let found = settle(&scratch).report;
    // One that stays is removed by `tools gc`.
    drop(remove_tree(&scratch));
    let own = |path: String| {
        if Path::new(&path).starts_with(&scratch) { root.display().to_string() } else { path }
    };
    Volume {
        dir: own(found.dir),
        tools_dir: found.tools_dir.map(own),
        records_dir: own(found.records_dir),
        ..found
    }
}
