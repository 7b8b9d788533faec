//! Package lists, fetched and verified once a run however many tools ask.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use lightship_debian::compress;
use lightship_debian::index::Index;
use lightship_debian::release::Release;
use lightship_model::manifest::{ArtifactUrl, DebSource};

use super::mirror::{self, Known, Suite};
use crate::clock::now;
use crate::fetch::artifact;
use crate::install::{InstallError, Job};

/// An `InRelease` that is larger than this is none.
const LARGEST_RELEASE: u64 = 32 << 20;

/// The package lists of one run, by what was asked.
#[derive(Debug, Default)]
pub(crate) struct Archives(Mutex<BTreeMap<String, Arc<Archive>>>);

/// The packages of some suites.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) index: Index,
    /// The archive's address, by the number that packages carry.
    uris: Vec<String>,
}

impl Archive {
    /// Where a package's file is.
    pub(super) fn url(&self, archive: u16, filename: &str) -> String {
        let uri = self.uris.get(usize::from(archive)).map_or("", String::as_str);
        format!("{uri}/{filename}")
    }
}

/// The packages that `deb` may choose from.
pub(super) fn open(
    job: &mut Job<'_>,
    deb: &DebSource,
    arch: &str,
) -> Result<Arc<Archive>, InstallError> {
    let question = format!("{:?}", (&deb.suite, &deb.mirror, &deb.components, &deb.keys));
    let runner = job.runner;
    // Whoever asks meanwhile waits, and finds the answer.
    let mut known = runner.archives.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(archive) = known.get(&question) {
        return Ok(Arc::clone(archive));
    }
    let archive = Arc::new(read(job, deb, arch)?);
    known.insert(question, Arc::clone(&archive));
    Ok(archive)
}

fn read(job: &mut Job<'_>, deb: &DebSource, arch: &str) -> Result<Archive, InstallError> {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let registries = job.runner.environment.registries.clone();
    let known = Known { deb, registries: &registries, var: &var, root: Path::new("/") };
    let mirror = mirror::find(&known)?;
    let mut archive = Archive { index: Index::new(arch), uris: Vec::new() };
    for suite in &mirror.suites {
        let number = u16::try_from(archive.uris.len()).unwrap_or(u16::MAX);
        let base = format!("{}/dists/{}", suite.uri, suite.name);
        let release = release(job, suite, &base, &mirror.keys)?;
        for component in &deb.components {
            let lists = release.package_lists(component, arch);
            for list in lists.map_err(|error| InstallError::Recipe(error.to_string()))? {
                job.reporter.message(&format!("{} {component}: package list", suite.name));
                let url = ArtifactUrl::Web(format!("{base}/{}", list.path));
                let file = artifact::fetch(job, &url, &list.sha256)?;
                let bytes = std::fs::read(&file).map_err(InstallError::io("read", &file))?;
                let broken = |error: std::io::Error| InstallError::Archive {
                    file: format!("{base}/{}", list.name),
                    reason: error.to_string(),
                };
                let reader = compress::reader(bytes.as_slice()).map_err(broken)?;
                archive.index.add(std::io::BufReader::new(reader), number).map_err(broken)?;
            }
        }
        archive.uris.push(suite.uri.clone());
    }
    Ok(archive)
}

fn release(
    job: &mut Job<'_>,
    suite: &Suite,
    base: &str,
    keys: &lightship_debian::openpgp::Keyring,
) -> Result<Release, InstallError> {
    let bytes = artifact::unverified(job, &format!("{base}/InRelease"), LARGEST_RELEASE)?;
    let text = String::from_utf8_lossy(&bytes);
    let release = Release::verified(&text, &suite.name, keys, now().as_millis() / 1000)
        .map_err(|error| InstallError::Recipe(format!("{base}: {error}")))?;
    for signer in &release.signers {
        job.log.line(&format!("{base}: signed by {} ({})", signer.fingerprint, signer.owner));
    }
    Ok(release)
}
