//! `receipts/<slug>.verified`: when a tool's files were last compared with their list, and found
//! as they were. Its time counts, so that a start that asks whether a tool is due reads nothing.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use lightship_model::receipt::Receipt;
use lightship_model::time::Timestamp;
use serde::Serialize;

use super::verify::Verdict;
use crate::clock::now;
use crate::store::ToolDir;
use crate::store::disk as fs;

#[derive(Serialize)]
struct Note {
    at: Timestamp,
    files: Option<u64>,
}

fn path(dir: &ToolDir, slug: &str) -> PathBuf {
    dir.receipts().join(format!("{slug}.verified"))
}

/// Notes that a tool was looked at and is whole. Where that can't be written, it is looked at
/// again next time.
pub(crate) fn note(dir: &ToolDir, receipt: &Receipt, verdict: &Verdict) {
    drop(write(dir, &receipt.slug(), &Note { at: now(), files: verdict.files }));
}

fn write(dir: &ToolDir, slug: &str, note: &Note) -> io::Result<()> {
    let path = path(dir, slug);
    fs::write(&path, format!("{}\n", serde_json::to_string(note)?))?;
    // A volume may have another clock than this machine.
    File::options().write(true).open(path)?.set_modified(SystemTime::now())
}

/// Whether the last look at a tool, or its install, is longer ago than `age`. A time that is still
/// to come is none.
pub(crate) fn is_due(dir: &ToolDir, receipt: &Receipt, age: Duration) -> bool {
    let recent = |at: SystemTime| at.elapsed().is_ok_and(|elapsed| elapsed < age);
    let installed =
        SystemTime::UNIX_EPOCH + Duration::from_millis(receipt.installed_at.as_millis());
    if recent(installed) {
        return false;
    }
    let looked = fs::metadata(path(dir, &receipt.slug())).and_then(|found| found.modified());
    !looked.is_ok_and(recent)
}
