//! The steps of an attempt, in their order. Up to the receipt nothing counts; after it
//! everything that follows can be derived again.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use lightship_model::digest::Digest;
use lightship_model::event::Phase;
use lightship_model::key::Key;
use lightship_model::manifest::Tool;
use lightship_model::receipt::{LAYOUT, Receipt, slug};
use lightship_model::time::Timestamp;

use super::log::Log;
use super::progress::Reporter;
use super::{InstallError, Job, Runner, entries, preexisting, verify};
use crate::clock::now;
use crate::source;
use crate::store::listing::{self, Listing};
use crate::store::sweep::remove_tree;
use crate::store::{check, disk as fs, durable, links, measure, receipts, space};

/// Makes one attempt. With the receipt that it gives, the tool is installed.
pub(crate) fn attempt(
    runner: &Runner,
    tool: &Tool,
    key: &Key,
    requires: &[Receipt],
    number: u32,
) -> Result<Receipt, InstallError> {
    let started_at = now();
    let slug = slug(&tool.name, &tool.version, key);
    if runner.has_lost() {
        return Err(InstallError::Stopped);
    }
    let timeout = tool.timeout.unwrap_or(runner.timeout);
    let path = runner.dir.log(&tool.name);
    let log = Log::open(&path, number, started_at).map_err(InstallError::io("write", &path))?;
    let mut job = Job {
        runner,
        tool,
        prefix: runner.dir.prefix(&slug),
        stage: runner.dir.stage().join(&slug),
        requires,
        deadline: Instant::now() + timeout,
        timeout,
        reporter: Reporter::new(tool.name.clone(), runner.sink.clone()),
        log,
        level: None,
    };
    let result = steps(&mut job, key, started_at);
    if let Err(error) = &result {
        job.log.line(&format!("== failed: {error}"));
    }
    if runner.has_lost() {
        // Who has the lock now may be installing the same: receipt, prefix and stage are theirs.
        return Err(InstallError::Stopped);
    }
    if result.is_err() {
        // A receipt that was renamed and not synced would vouch for what goes next; while it
        // stands, so does the prefix. Rubbish that stays is removed by the next loader's sweep.
        if receipts::remove(&runner.dir, &slug).is_ok() {
            drop(remove_tree(&job.prefix));
        }
    }
    drop(remove_tree(&job.stage));
    result
}

fn steps(job: &mut Job<'_>, key: &Key, started_at: Timestamp) -> Result<Receipt, InstallError> {
    let slug = slug(&job.tool.name, &job.tool.version, key);
    if let Some(receipt) = receipts::get(&job.runner.dir, &slug)
        && check::holds(&job.runner.dir, &receipt).is_ok()
    {
        // Another loader was quicker, between this one's look and its lock.
        return Ok(receipt);
    }
    clear(job, &slug)?;
    let mut receipt = Receipt {
        layout: LAYOUT,
        name: job.tool.name.clone(),
        version: job.tool.version.clone(),
        resolved_version: None,
        key: key.clone(),
        source: job.tool.source.kind().to_owned(),
        started_at,
        installed_at: started_at,
        bytes: 0,
        files: 0,
        bins: Vec::new(),
        python: None,
        exports: BTreeMap::new(),
        pre_existing: false,
        confinement: String::new(),
        log: None,
        listing: None,
        audit: None,
        lightship: env!("CARGO_PKG_VERSION").to_owned(),
    };
    if let Some(found) = preexisting::find(job) {
        receipt.bins = found.entries;
        receipt.resolved_version = found.version;
        receipt.pre_existing = true;
        return commit(job, receipt);
    }
    fs::create_dir_all(&job.prefix).map_err(InstallError::io("make", &job.prefix))?;
    let outcome = {
        let _watch = job.reporter.watch(vec![job.prefix.clone(), job.stage.clone()]);
        job.phase(Phase::Installing);
        source::install(job)?
    };
    receipt.bins = entries::collect(job.tool, &job.prefix, &outcome)?;
    receipt.resolved_version = outcome.version;
    receipt.python = outcome.library;
    receipt.exports = outcome.exports;
    let printed = verify::verify(job, &receipt)?;
    // A version that the recipe pins is known better than what a program prints.
    if !job.tool.version.starts_with(|c: char| c.is_ascii_digit()) {
        receipt.resolved_version = receipt.resolved_version.or(printed);
    }
    sync(job)?;
    let size = measure::tree(&job.prefix);
    (receipt.bytes, receipt.files) = (size.bytes, size.files);
    receipt.listing = Some(list(job, &receipt.slug())?);
    commit(job, receipt)
}

/// Begins with nothing: what an earlier attempt left is rubbish. Undone in the order that is
/// the reverse of its making: links, so that nobody is led to what is going; then the receipt,
/// or it would vouch for the half of what comes next; then the prefix.
fn clear(job: &Job<'_>, slug: &str) -> Result<(), InstallError> {
    let dir = &job.runner.dir;
    let size = receipts::get(dir, slug).map_or(0, |receipt| receipt.bytes);
    links::withdraw(dir, slug).map_err(InstallError::io("remove links from", dir.bin()))?;
    let path = dir.receipts();
    receipts::remove(dir, slug).map_err(InstallError::io("remove from", path))?;
    for path in [&job.prefix, &job.stage] {
        remove_tree(path).map_err(|error| InstallError::Recipe(crate::chain(&error)))?;
    }
    space::check(dir.root(), size)?;
    fs::create_dir_all(&job.stage).map_err(InstallError::io("make", &job.stage))
}

/// Gets the prefix onto the disk for good.
fn sync(job: &mut Job<'_>) -> Result<(), InstallError> {
    job.phase(Phase::Syncing);
    if job.runner.has_lost() {
        return Err(InstallError::Stopped);
    }
    // Its dirty pages need not be written: they are scrap.
    drop(remove_tree(&job.stage));
    durable::sync_tree(&job.prefix).map_err(InstallError::io("sync", &job.prefix))
}

/// Notes every file with its digest, for a deep look at them later on.
fn list(job: &Job<'_>, slug: &str) -> Result<Digest, InstallError> {
    let deadline = job.deadline;
    let listing = Listing::take(&job.prefix, &|| Instant::now() >= deadline);
    let listing = listing.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut if job.is_late() => {
            InstallError::TimedOut { what: "reading its files".to_owned(), after: job.timeout }
        }
        _ => InstallError::io("read", &job.prefix)(error),
    })?;
    let path = job.runner.dir.receipts();
    listing::write(&job.runner.dir, slug, &listing).map_err(InstallError::io("write into", path))
}

/// Writes the receipt: from here on the tool is installed.
fn commit(job: &mut Job<'_>, mut receipt: Receipt) -> Result<Receipt, InstallError> {
    job.phase(Phase::Publishing);
    job.log.line("== installed");
    receipt.installed_at = now();
    receipt.log = job.log.digest();
    receipt.confinement = job.confinement();
    receipt.audit = job.runner.audit_mark();
    let path = job.runner.dir.receipts();
    if job.runner.has_lost() {
        return Err(InstallError::Stopped);
    }
    receipts::write(&job.runner.dir, &receipt).map_err(InstallError::io("write into", path))?;
    crate::fault::point("committed");
    Ok(receipt)
}
