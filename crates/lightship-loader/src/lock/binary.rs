//! Files: their digest stands in the manifest, so what is left is their size, and that they
//! are what the manifest says.

use std::fs;

use lightship_model::digest::Digest;
use lightship_model::lock::{Gate, Locked, LockedBinary};
use lightship_model::manifest::{ArtifactUrl, BinarySource};

use super::{Resolved, refused, time};
use crate::fetch::{artifact, index};
use crate::install::{InstallError, Job};

pub(super) fn resolve(
    job: &mut Job<'_>,
    binary: &BinarySource,
    gate: &Gate,
) -> Result<Resolved, InstallError> {
    let known = match &binary.url {
        ArtifactUrl::Pypi { name, file, .. } => python(job, binary, name, file, gate)?,
        ArtifactUrl::Npm { name, version } => npm(job, name, version, gate)?,
        // An address of the web has no time of publishing: there the digest in the manifest is
        // somebody's decision for that very file.
        ArtifactUrl::Web(_) | ArtifactUrl::File(_) => None,
    };
    let size = if let Some(size) = known {
        size
    } else {
        let file = artifact::fetch(job, &binary.url, &binary.sha256)?;
        fs::metadata(&file).map_err(InstallError::io("read", &file))?.len()
    };
    let path = match &binary.url {
        ArtifactUrl::Pypi { .. } | ArtifactUrl::Npm { .. } => Some(binary.url.clone().into()),
        ArtifactUrl::Web(_) | ArtifactUrl::File(_) => None,
    };
    let locked = LockedBinary { sha256: binary.sha256.clone(), size, path };
    Ok(Resolved { version: None, locked: Locked::Binary(locked), notes: Vec::new() })
}

/// The size of a file of a Python index, if the index says that and its digest: then it need
/// not be fetched.
fn python(
    job: &mut Job<'_>,
    binary: &BinarySource,
    name: &str,
    file: &str,
    gate: &Gate,
) -> Result<Option<u64>, InstallError> {
    let page = index::python_page(job, name)?;
    let mut files = page["files"].as_array().into_iter().flatten();
    let entry = files.find(|entry| entry["filename"] == file).ok_or_else(|| {
        InstallError::Recipe(format!("the index has no file `{file}` of `{name}`"))
    })?;
    if let Some(complaint) =
        gate.complaint(&format!("`{file}`"), time(entry["upload-time"].as_str()))
    {
        return Err(refused(complaint));
    }
    match entry["hashes"]["sha256"].as_str().and_then(|digest| digest.parse::<Digest>().ok()) {
        Some(found) if found != binary.sha256 => {
            let (url, wanted) = (String::from(binary.url.clone()), binary.sha256.clone());
            Err(InstallError::WrongDigest { url, found, wanted })
        }
        Some(_) => Ok(entry["size"].as_u64()),
        None => Ok(None),
    }
}

/// npm's registry says the age of a release, and neither its file's size nor its sha256.
fn npm(
    job: &mut Job<'_>,
    name: &str,
    version: &str,
    gate: &Gate,
) -> Result<Option<u64>, InstallError> {
    if gate.min_age.is_zero() {
        return Ok(None);
    }
    let page = index::packument(job, name, true)?;
    let published = time(page["time"][version].as_str());
    match gate.complaint(&format!("`{name}` {version}"), published) {
        Some(complaint) => Err(refused(complaint)),
        None => Ok(None),
    }
}
