//! Receipts on disk: reading them all, writing one, removing one.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use lightship_model::receipt::Receipt;

use super::{ToolDir, disk as fs, replace};
use crate::error::{LoaderError, Result};

/// Every readable receipt by its slug, and the files that are none.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    pub(crate) by_slug: BTreeMap<String, Receipt>,
    pub(crate) unreadable: Vec<PathBuf>,
}

/// Reads all receipts. A directory that does not exist has none.
pub(crate) fn read_all(dir: &ToolDir) -> Result<Receipts> {
    let folder = dir.receipts();
    let mut receipts = Receipts::default();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(receipts);
        }
        Err(error) => return Err(LoaderError::io("read", &folder, error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| LoaderError::io("read", &folder, error))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        match read(&path) {
            // A receipt under a name that is not its own proves nothing.
            Some(receipt)
                if receipt.is_sound()
                    && path.file_stem().is_some_and(|stem| *stem == *receipt.slug()) =>
            {
                receipts.by_slug.insert(receipt.slug(), receipt);
            }
            _ => receipts.unreadable.push(path),
        }
    }
    Ok(receipts)
}

fn read(path: &Path) -> Option<Receipt> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The receipt of that slug, if there is one that can be read and is its own.
pub(crate) fn get(dir: &ToolDir, slug: &str) -> Option<Receipt> {
    read(&path(dir, slug)).filter(|receipt| receipt.slug() == slug)
}

/// Makes an install count.
pub(crate) fn write(dir: &ToolDir, receipt: &Receipt) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(receipt)?;
    replace(&path(dir, &receipt.slug()), &text)
}

/// Makes an install count no more.
pub(crate) fn remove(dir: &ToolDir, slug: &str) -> io::Result<()> {
    match fs::remove_file(path(dir, slug)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => super::atomic::sync_dir(&dir.receipts()),
    }
}

fn path(dir: &ToolDir, slug: &str) -> PathBuf {
    dir.receipts().join(format!("{slug}.json"))
}
