//! Looking at the tool directory: which receipts are wanted, and which of them hold.

use std::collections::BTreeMap;
use std::path::Path;

use lightship_model::event::{PlannedTool, ToolChange};
use lightship_model::key::{Key, keys};
use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;
use lightship_model::plan::{Found, Scope, plan};
use lightship_model::receipt::{Receipt, slug};
use lightship_model::state::{InstalledAt, ToolStatus};

use crate::error::Result;
use crate::platform;
use crate::python::Python;
use crate::store::receipts::{self, Receipts};
use crate::store::volume::{own_folders, readable};
use crate::store::{DirLock, ToolDir, check, state_file};

/// What was seen.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) receipts: Receipts,
    /// For each tool whose wanted receipt holds, that receipt.
    pub(crate) holding: BTreeMap<ToolName, Receipt>,
    pub(crate) found: BTreeMap<ToolName, Found>,
}

impl Observed {
    /// How far the installer of `tool` was confined, if its receipt holds.
    pub(crate) fn confinement(&self, tool: &ToolName) -> Option<String> {
        self.holding.get(tool).map(|receipt| receipt.confinement.clone())
    }
}

/// Looks; costs a few `statx` calls a tool.
/// What `root` holds of the tools of `manifest`: a root that is only looked at, and counts as
/// empty when it can't be read.
pub(crate) fn holding(
    root: &ToolDir,
    manifest: &Manifest,
    python: Option<&Python>,
) -> BTreeMap<ToolName, Receipt> {
    let Ok(mut receipts) = receipts::read_all(root) else { return BTreeMap::new() };
    if receipts.by_slug.is_empty() {
        return BTreeMap::new();
    }
    let keys = keys(&manifest.tools, &platform::platform(root, python));
    let tools = manifest.tools.values();
    let held = tools.filter_map(|tool| {
        let slug = slug(&tool.name, &tool.version, keys.get(&tool.name)?);
        let receipt = receipts.by_slug.remove(&slug)?;
        check::holds(root, &receipt).ok()?;
        Some((tool.name.clone(), receipt))
    });
    held.collect()
}

/// Looks at `dir`; costs a few `statx` calls a tool. What it lacks may be `elsewhere`.
pub(crate) fn observe(
    dir: &ToolDir,
    manifest: &Manifest,
    keys: &BTreeMap<ToolName, Key>,
    elsewhere: &BTreeMap<ToolName, Receipt>,
) -> Result<Observed> {
    let receipts = receipts::read_all(dir)?;
    let mut holding = BTreeMap::new();
    let mut found = BTreeMap::new();
    for tool in manifest.tools.values() {
        let Some(key) = keys.get(&tool.name) else { continue };
        let receipt = receipts.by_slug.get(&slug(&tool.name, &tool.version, key));
        let checked = receipt.map(|receipt| (receipt, check::holds(dir, receipt)));
        let held = match &checked {
            Some((receipt, Ok(()))) => Some(*receipt),
            _ => elsewhere.get(&tool.name),
        };
        let state = match (held, checked) {
            (Some(receipt), _) => {
                holding.insert(tool.name.clone(), receipt.clone());
                Found::Installed {
                    version: receipt.shown_version().map(str::to_owned),
                    at: installed_at(receipt),
                }
            }
            (None, Some((_, failed))) => Found::Missing { why: failed.err() },
            (None, None) => {
                let other = receipts.by_slug.values().any(|receipt| receipt.name == tool.name);
                let why = "its recipe, or what it requires, has changed";
                Found::Missing { why: other.then(|| why.to_owned()) }
            }
        };
        found.insert(tool.name.clone(), state);
    }
    Ok(Observed { receipts, holding, found })
}

/// When a receipt says that its tool was installed.
pub(crate) fn installed_at(receipt: &Receipt) -> InstalledAt {
    if receipt.pre_existing {
        InstalledAt::PreExisting
    } else {
        InstalledAt::At(receipt.installed_at)
    }
}

/// How long an install of `name` took before, in milliseconds; else what the manifest expects.
pub(crate) fn estimate(manifest: &Manifest, receipts: &Receipts, name: &ToolName) -> Option<u64> {
    let measured = receipts
        .by_slug
        .values()
        .filter(|receipt| receipt.name == *name && !receipt.pre_existing)
        .max_by_key(|receipt| receipt.installed_at)
        .map(|receipt| receipt.installed_at.since(receipt.started_at));
    let estimate = measured.or(manifest.tools.get(name)?.estimate)?;
    u64::try_from(estimate.as_millis()).ok()
}

/// How each tool stands: receipts first, then what the state file says of the others.
pub(crate) fn snapshot(manifest: &Manifest, root: &Path) -> Result<Vec<PlannedTool>> {
    let mut dirs = readable(root);
    let python = platform::python(manifest, &dirs[0], &own_folders(root, &dirs[0])).python;
    let elsewhere = dirs[1..].iter().rev().flat_map(|dir| holding(dir, manifest, python.as_ref()));
    let elsewhere = elsewhere.collect();
    let state = dirs.iter().filter_map(state_file::peek).max_by_key(|state| state.started_at);
    // Without a loader at work, "installing" is what a loader that died had noted.
    let loading = dirs.iter().any(DirLock::is_taken);
    let dir = dirs.swap_remove(0);
    let keys = keys(&manifest.tools, &platform::platform(&dir, python.as_ref()));
    let observed = observe(&dir, manifest, &keys, &elsewhere)?;
    let plan = plan(manifest, &keys, observed.found.clone(), &Scope::Deferred);
    let lines = plan.iter().filter_map(|planned| {
        let tool = manifest.tools.get(&planned.tool)?;
        let estimate = estimate(manifest, &observed.receipts, &planned.tool);
        let mut line = planned.event(tool, estimate);
        line.change.confinement = observed.confinement(&planned.tool);
        let noted = state.as_ref().and_then(|state| state.tools.get(&planned.tool));
        if let Some(noted) = noted
            && line.change.status == ToolStatus::Pending
            && noted.status != ToolStatus::Installed
            && (noted.status != ToolStatus::Installing || loading)
        {
            line.change = ToolChange {
                version: noted.version.clone(),
                error: noted.error.clone(),
                reason: noted.reason.clone().or(line.change.reason),
                ..ToolChange::new(noted.name.clone(), noted.status)
            };
        }
        Some(line)
    });
    Ok(lines.collect())
}
