//! Removing what nobody wants: tools that the manifest dropped some time ago, and what they and
//! accidents left behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use lightship_model::manifest::Manifest;
use lightship_model::time::Timestamp;
use serde::Serialize;

use super::verify::{Wanted, look};
use super::{alone, installing, note, retire};
use crate::clock::now;
use crate::error::{LoaderError, Result};
use crate::store::audit::Act;
use crate::store::receipts::Receipts;
use crate::store::sweep::remove_tree;
use crate::store::{DirLock, ToolDir, links, measure, receipts, strays};

/// How long what was set aside because it could not be read stays.
const CORRUPT: Duration = Duration::from_hours(30 * 24);

/// What stands beside a receipt, by the ends of its names.
const NOTES: [&str; 3] = ["files", "retired", "verified"];

/// How the collection is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a tool that is not wanted any more stays.
    pub keep: Duration,
    /// Say what would be removed, and remove nothing.
    pub dry_run: bool,
}

/// What a collection did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collected {
    pub dry_run: bool,
    pub removed: Vec<Thing>,
    /// Of everything removed.
    pub bytes: u64,
    /// Not wanted any more, and not yet old enough to go.
    pub kept: Vec<Kept>,
    /// Where all this was, if not in the tool directory, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
}

/// Something to remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Thing {
    pub kind: Kind,
    /// Relative to the tool directory.
    pub path: String,
    pub bytes: u64,
}

/// Why it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A tool that the manifest does not want any more.
    Retired,
    /// A prefix or a note without a receipt.
    Rubbish,
    /// Scratch space of an install that has ended.
    Stage,
    /// A part of a download that nobody has gone on with.
    Part,
    /// The log of a tool that the manifest does not have.
    Log,
    /// A file that could not be read and was set aside.
    Corrupt,
}

/// A tool that goes later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub prefix: String,
    pub since: Timestamp,
    pub until: Timestamp,
}

/// Collects in the directory at `root` what `manifest` does not want.
///
/// # Errors
/// When another loader is at work, or the directory can't be read or written.
pub fn gc(manifest: &Manifest, root: &Path, options: Options) -> Result<Collected> {
    let places = installing(root)?;
    let dir = places.dir;
    let _lock = if options.dry_run { None } else { Some(alone(&dir, &places.locking)?) };
    let (wanted, observed) = look(manifest, &dir)?;
    let mut plan = Plan { dir: &dir, options, now: now(), collected: Collected::default() };
    plan.collected.dry_run = options.dry_run;
    plan.collected.volume = places.report.failure();
    plan.retired(&observed.receipts, &wanted)?;
    plan.rubbish(&observed.receipts)?;
    plan.aged(manifest)?;
    let collected = plan.collected;
    if !options.dry_run && !collected.removed.is_empty() {
        let removed = collected.removed.iter().map(|thing| thing.path.clone()).collect();
        note(&dir, "tools gc", &Act::Gc { removed, bytes: collected.bytes });
    }
    Ok(collected)
}

struct Plan<'a> {
    dir: &'a ToolDir,
    options: Options,
    now: Timestamp,
    collected: Collected,
}

impl Plan<'_> {
    fn retired(&mut self, receipts: &Receipts, wanted: &[Wanted]) -> Result<()> {
        let wanted: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.slug.as_str()).collect();
        for slug in receipts.by_slug.keys().filter(|slug| !wanted.contains(slug.as_str())) {
            let since = retire::since(self.dir, slug);
            if since.is_none() && !self.options.dry_run {
                // No start has seen yet that nobody wants it: its time begins now. A note that
                // can't be written keeps it for longer.
                drop(retire::mark(self.dir, slug, self.now));
            }
            let since = since.unwrap_or(self.now);
            if self.now.since(since) < self.options.keep {
                let keep = u64::try_from(self.options.keep.as_millis()).unwrap_or(u64::MAX);
                let until = Timestamp::from_millis(since.as_millis().saturating_add(keep));
                self.collected.kept.push(Kept { prefix: slug.clone(), since, until });
                continue;
            }
            if !self.options.dry_run {
                // The links, then the receipt: nobody is offered a tree that is half gone.
                let bin = self.dir.bin();
                links::withdraw(self.dir, slug)
                    .map_err(|error| LoaderError::io("remove links from", &bin, error))?;
                let path = self.dir.receipts();
                receipts::remove(self.dir, slug)
                    .map_err(|error| LoaderError::io("remove from", &path, error))?;
                crate::fault::point("collected-receipt");
            }
            self.remove(Kind::Retired, &self.dir.prefix(slug))?;
            for extension in NOTES {
                let path = self.dir.receipts().join(format!("{slug}.{extension}"));
                self.remove_quietly(&path)?;
            }
        }
        Ok(())
    }

    /// What no receipt vouches for. Under the lock nobody is about to write one.
    fn rubbish(&mut self, receipts: &Receipts) -> Result<()> {
        if self.options.dry_run && DirLock::is_taken(self.dir) {
            // It belongs to the loader that is at work.
            return Ok(());
        }
        if !self.options.dry_run {
            strays::end(&self.dir.stage());
        }
        for path in children(&self.dir.store()) {
            let known = path.file_name().and_then(|name| name.to_str());
            if !known.is_some_and(|name| receipts.by_slug.contains_key(name)) {
                if let Some(slug) = known.filter(|_| !self.options.dry_run) {
                    // What a repair that was killed had given up is published still.
                    links::withdraw(self.dir, slug)
                        .map_err(|error| LoaderError::io("remove links from", &path, error))?;
                }
                self.remove(Kind::Rubbish, &path)?;
            }
        }
        for path in children(&self.dir.receipts()) {
            let note = path.extension().is_some_and(|is| NOTES.iter().any(|note| is == *note));
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if note && !stem.is_some_and(|slug| receipts.by_slug.contains_key(slug)) {
                self.remove(Kind::Rubbish, &path)?;
            }
        }
        for path in children(&self.dir.stage()) {
            self.remove(Kind::Stage, &path)?;
        }
        for folder in [self.dir.root().to_owned(), self.dir.v1()] {
            for path in children(&folder).into_iter().filter(|path| is_left_over(path)) {
                self.remove(Kind::Rubbish, &path)?;
            }
        }
        Ok(())
    }

    /// What goes because it is old.
    fn aged(&mut self, manifest: &Manifest) -> Result<()> {
        for path in children(&self.dir.parts()) {
            if self.age(&path) >= self.options.keep {
                self.remove(Kind::Part, &path)?;
            }
        }
        for path in children(&self.dir.logs()) {
            let tool = path.file_stem().and_then(|stem| stem.to_str());
            let wanted = manifest.tools.keys().any(|name| Some(name.as_str()) == tool);
            if !wanted && self.age(&path) >= self.options.keep {
                self.remove(Kind::Log, &path)?;
            }
        }
        let root = self.dir.root();
        let mut folders = vec![root.to_owned(), self.dir.receipts()];
        if self.dir.records() != root {
            folders.push(self.dir.records().to_owned());
        }
        for folder in folders {
            for path in children(&folder) {
                if set_aside(&path).is_some_and(|at| self.now.since(at) >= CORRUPT) {
                    self.remove(Kind::Corrupt, &path)?;
                }
            }
        }
        Ok(())
    }

    /// How long ago it was written; nothing ago when that can't be told.
    fn age(&self, path: &Path) -> Duration {
        let written = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
        let written = written.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let now = Duration::from_millis(self.now.as_millis());
        written.and_then(|written| now.checked_sub(written)).unwrap_or_default()
    }

    fn remove(&mut self, kind: Kind, path: &Path) -> Result<()> {
        let bytes = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => measure::tree(path).bytes,
            Ok(metadata) => metadata.len(),
            // A tool that was there before has no prefix.
            Err(_) => 0,
        };
        self.remove_quietly(path)?;
        let path = path.strip_prefix(self.dir.root()).unwrap_or(path).display().to_string();
        self.collected.bytes += bytes;
        self.collected.removed.push(Thing { kind, path, bytes });
        Ok(())
    }

    fn remove_quietly(&self, path: &Path) -> Result<()> {
        if self.options.dry_run { Ok(()) } else { remove_tree(path) }
    }
}

/// Whether it is what a process left that was killed between two steps: a dead lease that was
/// moved away, a file that `doctor` looked at the clock with.
fn is_left_over(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("lease.json.dead-") || name.starts_with(".lightship-doctor-")
}

/// When a file was set aside, by its name: `….corrupt-<milliseconds>`.
fn set_aside(path: &Path) -> Option<Timestamp> {
    let millis = path.extension()?.to_str()?.strip_prefix("corrupt-")?.parse().ok()?;
    Some(Timestamp::from_millis(millis))
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
