//! Files: their digest stands in the manifest, so what is left is their size, and that they
//! are what the manifest says.

use std::fs;

use lightship_model::lock::{Gate, Locked, LockedBinary};
use lightship_model::manifest::{ArtifactUrl, BinarySource};
use lightship_model::time::Timestamp;

use super::{Resolved, refused, time};
use crate::fetch::{artifact, index};
use crate::install::{InstallError, Job};

pub(super) fn resolve(
    job: &mut Job<'_>,
    binary: &BinarySource,
    gate: &Gate,
) -> Result<Resolved, InstallError> {
    if let Some((what, published)) = published(job, &binary.url, gate)?
        && let Some(complaint) = gate.complaint(&what, published)
    {
        return Err(refused(complaint));
    }
    let file = artifact::fetch(job, &binary.url, &binary.sha256)?;
    let size = fs::metadata(&file).map_err(InstallError::io("read", &file))?.len();
    let path = match &binary.url {
        ArtifactUrl::Pypi { .. } | ArtifactUrl::Npm { .. } => Some(binary.url.clone().into()),
        ArtifactUrl::Web(_) | ArtifactUrl::File(_) => None,
    };
    let locked = LockedBinary { sha256: binary.sha256.clone(), size, path };
    Ok(Resolved { version: None, locked: Locked::Binary(locked), notes: Vec::new() })
}

/// What a registry's file is, and when it was published. An address of the web has no such
/// time: there the digest in the manifest is somebody's decision for that very file.
fn published(
    job: &mut Job<'_>,
    url: &ArtifactUrl,
    gate: &Gate,
) -> Result<Option<(String, Option<Timestamp>)>, InstallError> {
    if gate.min_age.is_zero() {
        return Ok(None);
    }
    Ok(match url {
        ArtifactUrl::Pypi { name, file, .. } => {
            let page = index::python_page(job, name)?;
            let mut files = page["files"].as_array().into_iter().flatten();
            let entry = files.find(|entry| entry["filename"] == *file);
            let at = entry.and_then(|entry| time(entry["upload-time"].as_str()));
            Some((format!("`{file}`"), at))
        }
        ArtifactUrl::Npm { name, version } => {
            let page = index::packument(job, name, true)?;
            Some((format!("`{name}` {version}"), time(page["time"][version].as_str())))
        }
        ArtifactUrl::Web(_) | ArtifactUrl::File(_) => None,
    })
}
