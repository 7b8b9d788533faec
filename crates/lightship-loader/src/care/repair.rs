//! Giving up what does not hold, so that the loader installs it again.

use std::path::Path;

use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;
use lightship_model::receipt::Receipt;
use serde::Serialize;

use super::verify::{Standing, Verdict, judge, look};
use super::{alone, installing, note};
use crate::clock::now;
use crate::error::{LoaderError, Result};
use crate::store::audit::Act;
use crate::store::disk as fs;
use crate::store::lock::Locking;
use crate::store::{ToolDir, receipts, sweep};

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
    /// Where all this was, if not in the tool directory, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// What is damaged on a volume, or in an image, that can't be changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub out_of_reach: Vec<Verdict>,
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
    let places = installing(root)?;
    let dir = &places.dir;
    let _lock = alone(dir, &places.locking)?;
    let (wanted, mut observed) = look(manifest, dir)?;
    let mut given_up = GivenUp { volume: places.report.failure(), ..GivenUp::default() };
    for other in &places.looked_at {
        // What can't even be read there holds nothing that could be damaged.
        let Ok((wanted, observed)) = look(manifest, other) else { continue };
        let verdicts = judge(other, &wanted, &observed, tools, deep).into_iter();
        let damaged = verdicts.filter(|verdict| verdict.status == Standing::Damaged);
        given_up.out_of_reach.extend(damaged.map(|verdict| verdict.found_in(other)));
    }
    for verdict in judge(dir, &wanted, &observed, tools, deep) {
        let of = wanted.iter().find(|wanted| wanted.name == verdict.name);
        let begun = of.is_some_and(|wanted| is_begun(dir, &wanted.slug));
        match verdict.status {
            Standing::Damaged => given_up.damaged.push(verdict),
            // Nobody is at it: we have the lock.
            Standing::Absent if begun => given_up.damaged.push(Verdict {
                status: Standing::Damaged,
                ..verdict.because("an install or a repair of it was not finished")
            }),
            Standing::Absent | Standing::Good => {}
        }
    }
    for path in observed.receipts.unreadable.drain(..) {
        let aside = path.with_added_extension(format!("corrupt-{}", now().as_millis()));
        fs::rename(&path, &aside).map_err(|error| LoaderError::io("rename", &path, error))?;
        let file = aside.display().to_string();
        let reason = "no receipt".to_owned();
        note(dir, "tools repair", &Act::SetAside { file: file.clone(), reason });
        given_up.set_aside.push(file);
    }
    let names = given_up.tools();
    for wanted in wanted.iter().filter(|wanted| names.contains(&wanted.name)) {
        let path = dir.receipts();
        receipts::remove(dir, &wanted.slug)
            .map_err(|error| LoaderError::io("remove from", &path, error))?;
        crate::fault::point("given-up");
        observed.receipts.by_slug.remove(&wanted.slug);
    }
    if !names.is_empty() {
        note(dir, "tools repair", &Act::Repair { tools: names });
    }
    // What was given up stays until it is installed again: a caller may still be using it.
    let keep = wanted.iter().filter(|wanted| given_up.tools().contains(&wanted.name));
    let kept: Vec<String> = keep.map(|wanted| wanted.slug.clone()).collect();
    let rubbish = sweep::look(dir, &observed.receipts)?.except(&kept);
    given_up.swept = rubbish.sweep(dir).prefixes;
    if !given_up.swept.is_empty() {
        note(dir, "tools repair", &Act::Sweep { prefixes: given_up.swept.clone() });
    }
    Ok(given_up)
}

/// Whether something is left of an install of that name, which has no receipt: its prefix, or the
/// list of its files, which outlives the prefix that is made anew.
fn is_begun(dir: &ToolDir, slug: &str) -> bool {
    dir.store().join(slug).is_dir() || dir.receipts().join(format!("{slug}.files")).is_file()
}

/// Takes away the receipt of one tool that was found damaged, unless it is another by now.
pub(crate) fn give_up_one(dir: &ToolDir, locking: &Locking, receipt: &Receipt) -> Result<bool> {
    let _lock = alone(dir, locking)?;
    let slug = receipt.slug();
    if receipts::get(dir, &slug).as_ref() != Some(receipt) {
        return Ok(false);
    }
    let path = dir.receipts();
    receipts::remove(dir, &slug).map_err(|error| LoaderError::io("remove from", &path, error))?;
    crate::fault::point("given-up");
    note(dir, "loader", &Act::Repair { tools: vec![receipt.name.clone()] });
    Ok(true)
}
