//! An answer in JSON: a registry's index.

use std::fs;

use serde_json::Value;

use super::Download;
use super::address::shown;
use crate::install::{InstallError, Job};

/// An index page that is larger than this, in bytes, is none.
const MOST: u64 = 256 << 20;

/// Fetches `url` and reads the answer as JSON.
pub(crate) fn json(job: &Job<'_>, url: &str, accept: &str) -> Result<Value, InstallError> {
    let file = job.stage_dir("download")?.join("answer.json");
    let download = Download { accept: Some(accept), limit: Some(MOST), ..Download::new(url) };
    download.fetch(job, &file)?;
    let bytes = fs::read(&file).map_err(InstallError::io("read", &file))?;
    serde_json::from_slice(&bytes).map_err(|error| InstallError::Download {
        url: shown(url),
        reason: error.to_string(),
        retry_can_help: false,
    })
}
