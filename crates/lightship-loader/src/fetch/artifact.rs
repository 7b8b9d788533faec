//! From an artefact's address to a file in the stage that has the wanted digest.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use lightship_model::manifest::ArtifactUrl;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{clients, download};
use crate::install::{InstallError, Job};
use crate::store::audit::Act;

/// Media type of the index's JSON answer (PEP 691).
const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";

/// Fetches `url` into the stage; a file with another digest than `wanted` is an error.
pub(crate) fn fetch(
    job: &mut Job<'_>,
    url: &ArtifactUrl,
    wanted: &Digest,
) -> Result<PathBuf, InstallError> {
    let to = job.stage_dir("download")?.join("artefact");
    let shown = String::from(url.clone());
    let found = match url {
        ArtifactUrl::File(path) => copy(Path::new(path), &to)?,
        ArtifactUrl::Web(web) => download::file(job, web, &to)?,
        ArtifactUrl::Pypi { name, file, .. } => {
            let address = pypi_address(job, name, file)?;
            download::file(job, &address, &to)?
        }
        ArtifactUrl::Npm { name, version } => {
            let address = npm_address(job, name, version)?;
            download::file(job, &address, &to)?
        }
    };
    if found.digest != *wanted {
        let wanted = wanted.clone();
        return Err(InstallError::WrongDigest { url: shown, found: found.digest, wanted });
    }
    job.log.line(&format!("fetched {shown}: {} bytes, sha256 {wanted}", found.bytes));
    job.runner.audit(&Act::Download {
        tool: job.name().clone(),
        from: without_credentials(&shown),
        sha256: found.digest,
        bytes: found.bytes,
    });
    Ok(to)
}

/// Fetches what nobody knows a digest of: the caller verifies it. At most `limit` bytes.
pub(crate) fn unverified(
    job: &mut Job<'_>,
    url: &str,
    limit: u64,
) -> Result<Vec<u8>, InstallError> {
    let to = job.stage_dir("download")?.join("index");
    let found = match url.strip_prefix("file://") {
        Some(path) => copy(Path::new(path), &to)?,
        None => download::file(job, url, &to)?,
    };
    if found.bytes > limit {
        let reason = format!("{} bytes are more than it can have", found.bytes);
        return Err(InstallError::Download { url: url.to_owned(), reason, retry_can_help: false });
    }
    std::fs::read(&to).map_err(InstallError::io("read", to))
}

/// A file that was fetched.
pub(super) struct Fetched {
    pub(super) digest: Digest,
    pub(super) bytes: u64,
}

fn copy(from: &Path, to: &Path) -> Result<Fetched, InstallError> {
    let mut source = File::open(from).map_err(InstallError::io("read", from))?;
    let mut file = File::create(to).map_err(InstallError::io("write", to))?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut block = vec![0; 128 * 1024];
    loop {
        let count = source.read(&mut block).map_err(InstallError::io("read", from))?;
        if count == 0 {
            return Ok(Fetched { digest: Digest::from_hasher(hasher), bytes });
        }
        hasher.update(&block[..count]);
        file.write_all(&block[..count]).map_err(InstallError::io("write", to))?;
        bytes += u64::try_from(count).unwrap_or_default();
    }
}

fn pypi_address(job: &mut Job<'_>, name: &str, file: &str) -> Result<String, InstallError> {
    let help = "a `pypi:` address is looked up by pip: install python3 with pip, or set \
                [registries] pip or PIP_INDEX_URL";
    let index = clients::pip_index(job)?
        .ok_or_else(|| InstallError::NoProgram { program: "pip".to_owned(), help })?;
    let page = format!("{}/{name}/", index.trim_end_matches('/'));
    let answer = download::json(job, &page, SIMPLE_JSON)?;
    let files = answer["files"].as_array().map_or(&[][..], Vec::as_slice);
    let address = files.iter().find(|entry| entry["filename"] == file);
    let address = address.and_then(|entry| entry["url"].as_str()).ok_or_else(|| {
        InstallError::Recipe(format!("the index has no file `{file}` of `{name}`"))
    })?;
    Ok(resolve(&page, address))
}

fn npm_address(job: &mut Job<'_>, name: &str, version: &str) -> Result<String, InstallError> {
    let registry = clients::npm_registry(job)?;
    let path = name.replace('/', "%2f");
    let page = format!("{}/{path}", registry.trim_end_matches('/'));
    let answer: Value = download::json(job, &page, "application/vnd.npm.install-v1+json")?;
    let address = answer["versions"][version]["dist"]["tarball"].as_str().ok_or_else(|| {
        InstallError::Recipe(format!("the registry has no `{name}` of version {version}"))
    })?;
    Ok(resolve(&page, address))
}

/// An address that may be relative to the page it was found on.
fn resolve(page: &str, address: &str) -> String {
    if address.contains("://") {
        return address.to_owned();
    }
    let origin_end = page.find("://").and_then(|at| {
        let after = at + 3;
        page[after..].find('/').map(|slash| after + slash)
    });
    let origin = &page[..origin_end.unwrap_or(page.len())];
    if address.starts_with('/') {
        return format!("{origin}{address}");
    }
    let mut parts: Vec<&str> = page[origin.len()..].split('/').collect();
    parts.pop();
    for part in address.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." => {}
            part => parts.push(part),
        }
    }
    format!("{origin}/{}", parts.join("/").trim_start_matches('/'))
}

/// `https://user:password@host/` without what stands before the `@`.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_relative_to_a_mirrors_page_are_resolved() {
        let page = "https://mirror/root/simple/uv/";
        assert_eq!(resolve(page, "https://files/x.whl"), "https://files/x.whl");
        assert_eq!(resolve(page, "/p/x.whl"), "https://mirror/p/x.whl");
        assert_eq!(resolve(page, "../../p/x.whl"), "https://mirror/root/p/x.whl");
        assert_eq!(resolve(page, "x.whl"), "https://mirror/root/simple/uv/x.whl");
    }

    #[test]
    fn credentials_do_not_get_into_the_audit_trail() {
        assert_eq!(without_credentials("https://u:p@h/x@y"), "https://h/x@y");
        assert_eq!(without_credentials("https://h/x@y"), "https://h/x@y");
        assert_eq!(without_credentials("npm:@a/b@1"), "npm:@a/b@1");
    }
}
