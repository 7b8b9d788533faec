//! Does what is installed hold? As at a start, or every file of it.

use std::collections::BTreeMap;
use std::path::Path;

use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;
use lightship_model::receipt::{Receipt, slug};
use serde::Serialize;

use super::note;
use crate::error::Result;
use crate::observe::{Observed, observe};
use crate::platform;
use crate::store::audit::Act;
use crate::store::listing::{self, Difference};
use crate::store::volume::own_folders;
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

/// Looks at `tools` (all of the manifest when empty); `deep` reads every file of them. Changes
/// nothing but the audit trail.
///
/// # Errors
/// When the directory is there and can't be read.
pub fn verify(
    manifest: &Manifest,
    root: &Path,
    tools: &[ToolName],
    deep: bool,
) -> Result<Vec<Verdict>> {
    let dir = ToolDir::at(&std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned()));
    let (wanted, observed) = look(manifest, &dir)?;
    let verdicts = judge(&dir, &wanted, &observed, tools, deep);
    let named = |status| {
        let of = verdicts.iter().filter(|verdict| verdict.status == status);
        of.map(|verdict| verdict.name.to_string()).collect()
    };
    let act = Act::Verify { deep, good: named(Standing::Good), damaged: named(Standing::Damaged) };
    note(&dir, "tools verify", &act);
    Ok(verdicts)
}

/// A tool of the manifest, and the name that its receipt would have.
pub(crate) struct Wanted {
    pub(crate) name: ToolName,
    pub(crate) slug: String,
}

/// What the manifest wants, and what there is.
pub(crate) fn look(manifest: &Manifest, dir: &ToolDir) -> Result<(Vec<Wanted>, Observed)> {
    let python = platform::python(manifest, dir, &own_folders(dir.root(), dir));
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
            Ok(()) if deep => read_all(dir, receipt),
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

/// Compares every file of the prefix with the list that was made when it was installed.
fn read_all(dir: &ToolDir, receipt: &Receipt) -> Verdict {
    let good = Verdict::of(receipt, Standing::Good);
    let damaged = Verdict::of(receipt, Standing::Damaged);
    if receipt.pre_existing {
        return good.because("it was there before: lightship has no list of its files");
    }
    let Some(digest) = &receipt.listing else {
        return good.because("an older lightship installed it, and made no list of its files");
    };
    let slug = receipt.slug();
    let Some(listing) = listing::read(dir, &slug, digest) else {
        return damaged.because("the list of its files is gone or was changed");
    };
    match listing.compare(&dir.prefix(&slug)) {
        Ok(found) if found.is_none() => Verdict { files: Some(listing.files()), ..good },
        Ok(found) => Verdict { files: Some(listing.files()), ..damaged }.with(found),
        Err(error) => damaged.because(format!("its files can't be read: {error}")),
    }
}

impl Verdict {
    fn of(receipt: &Receipt, status: Standing) -> Self {
        Self {
            name: receipt.name.clone(),
            status,
            version: receipt.shown_version().map(str::to_owned),
            reason: None,
            files: None,
            lost: Vec::new(),
            changed: Vec::new(),
            added: Vec::new(),
        }
    }

    fn because(self, reason: impl Into<String>) -> Self {
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
