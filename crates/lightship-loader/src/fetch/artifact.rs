//! From an artefact's address to a file in the stage that has the wanted digest.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use lightship_model::manifest::ArtifactUrl;
use sha2::{Digest as _, Sha256};

use super::address::{resolve, shown};
use super::{Download, Fetched, index};
use crate::install::{InstallError, Job};
use crate::store::{disk as fs, space};

/// Fetches `url` into the stage; a file with another digest than `wanted` is an error.
pub(crate) fn fetch(
    job: &mut Job<'_>,
    url: &ArtifactUrl,
    wanted: &Digest,
) -> Result<PathBuf, InstallError> {
    let to = job.stage_dir("download")?.join("artefact");
    let name = shown(&String::from(url.clone()));
    let address = match url {
        ArtifactUrl::File(path) => {
            let copied = copy(Path::new(path), &to)?;
            if copied.digest != *wanted {
                let (found, wanted) = (copied.digest, wanted.clone());
                return Err(InstallError::WrongDigest { url: name, found, wanted });
            }
            copied.note(job, &name);
            return Ok(to);
        }
        ArtifactUrl::Web(web) => web.clone(),
        ArtifactUrl::Pypi { name, file, .. } => pypi_address(job, name, file)?,
        ArtifactUrl::Npm { name, version } => npm_address(job, name, version)?,
    };
    let download = Download { sha256: Some(wanted), name: Some(&name), ..Download::new(&address) };
    download.to(job, &to)?;
    Ok(to)
}

/// Fetches what nobody knows a digest of: the caller verifies it. At most `limit` bytes.
pub(crate) fn unverified(job: &Job<'_>, url: &str, limit: u64) -> Result<Vec<u8>, InstallError> {
    let to = job.stage_dir("download")?.join("index");
    let found = match url.strip_prefix("file://") {
        Some(path) => copy(Path::new(path), &to)?,
        None => Download { limit: Some(limit), ..Download::new(url) }.fetch(job, &to)?,
    };
    if found.bytes > limit {
        let reason = format!("{} bytes are more than it can have", found.bytes);
        return Err(InstallError::Download { url: shown(url), reason, retry_can_help: false });
    }
    fs::read(&to).map_err(InstallError::io("read", to))
}

fn copy(from: &Path, to: &Path) -> Result<Fetched, InstallError> {
    let mut source = fs::File::open(from).map_err(InstallError::io("read", from))?;
    let size = source.metadata().map_or(0, |found| found.len());
    space::check(to.parent().unwrap_or(to), size)?;
    let mut file = fs::create(to).map_err(InstallError::io("write", to))?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut block = vec![0; 128 * 1024];
    loop {
        let count = source.read(&mut block).map_err(InstallError::io("read", from))?;
        if count == 0 {
            return Ok(Fetched { digest: Digest::from_hasher(hasher), bytes });
        }
        hasher.update(&block[..count]);
        fs::write_all(&mut file, to, &block[..count]).map_err(InstallError::io("write", to))?;
        bytes += count as u64;
    }
}

fn pypi_address(job: &mut Job<'_>, name: &str, file: &str) -> Result<String, InstallError> {
    let (page, answer) = index::python_page_at(job, name)?;
    let files = answer["files"].as_array().map_or(&[][..], Vec::as_slice);
    let address = files.iter().find(|entry| entry["filename"] == file);
    let address = address.and_then(|entry| entry["url"].as_str()).ok_or_else(|| {
        InstallError::Recipe(format!("the index has no file `{file}` of `{name}`"))
    })?;
    Ok(resolve(&page, address))
}

fn npm_address(job: &mut Job<'_>, name: &str, version: &str) -> Result<String, InstallError> {
    let (page, answer) = index::packument_at(job, name, false)?;
    let address = answer["versions"][version]["dist"]["tarball"].as_str().ok_or_else(|| {
        InstallError::Recipe(format!("the registry has no `{name}` of version {version}"))
    })?;
    Ok(resolve(&page, address))
}
