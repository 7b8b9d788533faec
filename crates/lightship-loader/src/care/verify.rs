//! Does what is installed hold? As at a start, or every file of it.

use std::collections::BTreeMap;
use std::path::Path;

use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;
use lightship_model::receipt::{Receipt, slug};
use serde::Serialize;

use super::{note, verified};
use crate::error::Result;
use crate::observe::{Observed, observe};
use crate::platform;
use crate::store::audit::Act;
use crate::store::listing::{self, Difference};
use crate::store::volume::{own_folders, readable};
use crate::store::{ToolDir, check};

/// How many paths of a kind are named; the others are counted.
const NAMED: usize = 20;

/// How a tool was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is as it was installed.
    Good,
    /// Its receipt no longer holds.
    Damaged,
    /// It is not installed.
    Absent,
}

/// One tool's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    pub name: ToolName,
    pub status: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it is, if not in the tool directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// Why it is damaged, or what could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Files that were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Paths in the prefix, the first twenty of each kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
}

/// Looks at `tools` (all of the manifest when empty), in the tool directory, in what is baked, and
/// in the local directory; `deep` reads every file of them. Changes nothing but the audit trail and
/// the notes of when each tool was looked at.
///
/// # Errors
/// When the directory is there and can't be read.
pub fn verify(
    manifest: &Manifest,
    root: &Path,
    tools: &[ToolName],
    deep: bool,
) -> Result<Vec<Verdict>> {
    let mut found: BTreeMap<ToolName, Verdict> = BTreeMap::new();
    let dirs = readable(root);
    let own = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    for (place, dir) in dirs.iter().enumerate() {
        let (wanted, observed) = match look(manifest, dir) {
            Ok(found) => found,
            // Another place may be there or not.
            Err(_) if place > 0 => continue,
            Err(error) => return Err(error),
        };
        for verdict in judge(dir, &wanted, &observed, tools, deep) {
            let receipt = observed.holding.get(&verdict.name);
            if let (Standing::Good, Some(_), Some(receipt)) =
                (verdict.status, verdict.files, receipt)
            {
                verified::note(dir, receipt, &verdict);
            }
            let verdict = if dir.root() == own { verdict } else { verdict.found_in(dir) };
            match found.get_mut(&verdict.name) {
                Some(before) if before.status == Standing::Absent => *before = verdict,
                Some(_) => {}
                None => drop(found.insert(verdict.name.clone(), verdict)),
            }
        }
    }
    let in_order = manifest.tools_in_order().into_iter();
    let verdicts: Vec<Verdict> = in_order.filter_map(|tool| found.remove(&tool.name)).collect();
    let named = |status| {
        let of = verdicts.iter().filter(|verdict| verdict.status == status);
        of.map(|verdict| verdict.name.to_string()).collect()
    };
    let act = Act::Verify { deep, good: named(Standing::Good), damaged: named(Standing::Damaged) };
    note(&dirs[0], "tools verify", &act);
    Ok(verdicts)
}

/// A tool of the manifest, and the name that its receipt would have.
pub(crate) struct Wanted {
    pub(crate) name: ToolName,
    pub(crate) slug: String,
}

/// What the manifest wants, and what there is.
pub(crate) fn look(manifest: &Manifest, dir: &ToolDir) -> Result<(Vec<Wanted>, Observed)> {
    let python = platform::python(manifest, dir, &own_folders(dir.root(), dir)).python;
    let platform = platform::platform(dir, python.as_ref());
    let keys = lightship_model::key::keys(&manifest.tools, &platform);
    let observed = observe(dir, manifest, &keys, &BTreeMap::new())?;
    let wanted = manifest.tools_in_order().into_iter().filter_map(|tool| {
        let slug = slug(&tool.name, &tool.version, keys.get(&tool.name)?);
        Some(Wanted { name: tool.name.clone(), slug })
    });
    Ok((wanted.collect(), observed))
}

/// A verdict on each of `tools`; on all when there are none.
pub(crate) fn judge(
    dir: &ToolDir,
    wanted: &[Wanted],
    observed: &Observed,
    tools: &[ToolName],
    deep: bool,
) -> Vec<Verdict> {
    let asked = |wanted: &&Wanted| tools.is_empty() || tools.contains(&wanted.name);
    let verdict = |wanted: &Wanted| {
        let Some(receipt) = observed.receipts.by_slug.get(&wanted.slug) else {
            return no_receipt(wanted, observed);
        };
        match check::holds(dir, receipt) {
            Ok(()) if deep => {
                read_all(dir, receipt, &|| false).unwrap_or_else(|error| unread(receipt, &error))
            }
            Ok(()) => Verdict::of(receipt, Standing::Good),
            Err(reason) => Verdict::of(receipt, Standing::Damaged).because(reason),
        }
    };
    wanted.iter().filter(asked).map(verdict).collect()
}

fn no_receipt(wanted: &Wanted, observed: &Observed) -> Verdict {
    let verdict = Verdict {
        name: wanted.name.clone(),
        status: Standing::Absent,
        version: None,
        dir: None,
        reason: None,
        files: None,
        lost: Vec::new(),
        changed: Vec::new(),
        added: Vec::new(),
    };
    let spoilt =
        |path: &&std::path::PathBuf| path.file_stem().is_some_and(|stem| *stem == *wanted.slug);
    if observed.receipts.unreadable.iter().any(|path| spoilt(&path)) {
        let verdict = Verdict { status: Standing::Damaged, ..verdict };
        return verdict.because("its receipt can't be read");
    }
    verdict
}

/// Compares every file of the prefix with the list that was made when it was installed; `late`
/// ends it.
pub(crate) fn read_all(
    dir: &ToolDir,
    receipt: &Receipt,
    late: &dyn Fn() -> bool,
) -> std::io::Result<Verdict> {
    let good = Verdict::of(receipt, Standing::Good);
    let damaged = Verdict::of(receipt, Standing::Damaged);
    if receipt.pre_existing {
        return Ok(good.because("it was there before: lightship has no list of its files"));
    }
    let Some(digest) = &receipt.listing else {
        return Ok(good.because("an older lightship installed it, and made no list of its files"));
    };
    let slug = receipt.slug();
    let Some(listing) = listing::read(dir, &slug, digest) else {
        return Ok(damaged.because("the list of its files is gone or was changed"));
    };
    let files = Some(listing.files());
    let found = listing.compare(&dir.prefix(&slug), late)?;
    let whole = found.is_none();
    Ok(if whole { Verdict { files, ..good } } else { Verdict { files, ..damaged }.with(found) })
}

/// What can't be read does not hold.
pub(crate) fn unread(receipt: &Receipt, error: &std::io::Error) -> Verdict {
    let reason = format!("its files can't be read: {error}");
    Verdict::of(receipt, Standing::Damaged).because(reason)
}

impl Verdict {
    fn of(receipt: &Receipt, status: Standing) -> Self {
        Self {
            name: receipt.name.clone(),
            status,
            version: receipt.shown_version().map(str::to_owned),
            dir: None,
            reason: None,
            files: None,
            lost: Vec::new(),
            changed: Vec::new(),
            added: Vec::new(),
        }
    }

    /// The same, in another place than the tool directory, if it is anywhere.
    pub(super) fn found_in(self, dir: &ToolDir) -> Self {
        let there = self.status != Standing::Absent;
        Self { dir: there.then(|| dir.root().display().to_string()), ..self }
    }

    pub(super) fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    fn with(mut self, found: Difference) -> Self {
        let mut counts = Vec::new();
        let kinds = [("lost", found.lost), ("changed", found.changed), ("added", found.added)];
        for (kind, mut paths) in kinds {
            if !paths.is_empty() {
                let first = paths.first().cloned().unwrap_or_default();
                counts.push(format!("{} {kind} (`{first}`)", paths.len()));
            }
            paths.truncate(NAMED);
            match kind {
                "lost" => self.lost = paths,
                "changed" => self.changed = paths,
                _ => self.added = paths,
            }
        }
        self.because(format!("of its files: {}", counts.join(", ")))
    }
}
