//! Giving up what does not hold, so that the loader installs it again.

use std::path::Path;

use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;
use serde::Serialize;

use super::verify::{Standing, Verdict, judge, look};
use super::{alone, note};
use crate::clock::now;
use crate::error::{LoaderError, Result};
use crate::store::audit::Act;
use crate::store::disk as fs;
use crate::store::volume::settle;
use crate::store::{receipts, sweep};

/// What was found and given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenUp {
    /// The tools that did not hold: to be installed again.
    pub damaged: Vec<Verdict>,
    /// Receipts that can't be read lie here now.
    pub set_aside: Vec<String>,
    /// Prefixes without a receipt that were removed.
    pub swept: Vec<String>,
}

impl GivenUp {
    /// The tools to install.
    pub fn tools(&self) -> Vec<ToolName> {
        self.damaged.iter().map(|verdict| verdict.name.clone()).collect()
    }
}

/// Takes away the receipts of those `tools` (all of the manifest when empty) that don't hold,
/// sets spoilt ones aside, and removes rubbish. The loader, which runs next, does the rest:
/// it installs the tools, and makes links and state file anew.
///
/// # Errors
/// When another loader is at work, or the directory can't be read or written.
pub fn give_up(
    manifest: &Manifest,
    root: &Path,
    tools: &[ToolName],
    deep: bool,
) -> Result<GivenUp> {
    let dir = settle(root).dir;
    let _lock = alone(&dir)?;
    let (wanted, mut observed) = look(manifest, &dir)?;
    let mut given_up = GivenUp::default();
    for verdict in judge(&dir, &wanted, &observed, tools, deep) {
        if verdict.status == Standing::Damaged {
            given_up.damaged.push(verdict);
        }
    }
    for path in observed.receipts.unreadable.drain(..) {
        let aside = path.with_added_extension(format!("corrupt-{}", now().as_millis()));
        fs::rename(&path, &aside).map_err(|error| LoaderError::io("rename", &path, error))?;
        let file = aside.display().to_string();
        let reason = "no receipt".to_owned();
        note(&dir, "tools repair", &Act::SetAside { file: file.clone(), reason });
        given_up.set_aside.push(file);
    }
    let names = given_up.tools();
    for wanted in wanted.iter().filter(|wanted| names.contains(&wanted.name)) {
        let path = dir.receipts();
        receipts::remove(&dir, &wanted.slug)
            .map_err(|error| LoaderError::io("remove from", &path, error))?;
        crate::fault::point("given-up");
        observed.receipts.by_slug.remove(&wanted.slug);
    }
    if !names.is_empty() {
        note(&dir, "tools repair", &Act::Repair { tools: names });
    }
    // What was given up stays until it is installed again: a caller may still be using it.
    let keep = wanted.iter().filter(|wanted| given_up.tools().contains(&wanted.name));
    let kept: Vec<String> = keep.map(|wanted| wanted.slug.clone()).collect();
    let rubbish = sweep::look(&dir, &observed.receipts)?.except(&kept);
    given_up.swept = rubbish.sweep(&dir).prefixes;
    if !given_up.swept.is_empty() {
        note(&dir, "tools repair", &Act::Sweep { prefixes: given_up.swept.clone() });
    }
    Ok(given_up)
}
