//! Package lists, fetched and verified once a run however many tools ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use lightship_debian::compress;
use lightship_debian::index::Index;
use lightship_debian::openpgp::{Signer, pinned};
use lightship_debian::release::Release;
use lightship_model::lock::DebArchive;
use lightship_model::manifest::{ArtifactUrl, DebSource};
use lightship_model::time::Timestamp;

use super::mirror::{self, IN_THE_MAKING, Suite};
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
    /// By the number that packages carry.
    suites: Vec<Origin>,
}

/// A suite that packages were read from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) archive: DebArchive,
    /// The suite's name, as the mirror was asked for it.
    pub(crate) name: String,
    pub(crate) released: Timestamp,
    /// A release of Debian itself: its managers look at what comes in before it is there.
    pub(crate) is_vetted: bool,
}

impl Archive {
    /// All of them.
    pub(super) fn suites(&self) -> &[Origin] {
        &self.suites
    }

    /// The suite of a package with that number.
    pub(super) fn origin(&self, number: u16) -> Option<&Origin> {
        self.suites.get(usize::from(number))
    }
}

/// The packages that `deb` may choose from.
pub(super) fn open(
    job: &mut Job<'_>,
    deb: &DebSource,
    arch: &str,
) -> Result<Arc<Archive>, InstallError> {
    let question = format!("{:?}", (arch, &deb.suite, &deb.mirror, &deb.components, &deb.keys));
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
    let mirror = mirror::of_job(job, deb)?;
    let mut archive = Archive { index: Index::new(arch), suites: Vec::new() };
    for suite in &mirror.suites {
        let number = u16::try_from(archive.suites.len()).unwrap_or(u16::MAX);
        let base = format!("{}/dists/{}", mirror.addresses.of(suite.archive), suite.name);
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
        archive.suites.push(Origin {
            archive: suite.archive,
            name: suite.name.clone(),
            released: Timestamp::from_millis(release.date.saturating_mul(1000)),
            is_vetted: is_vetted(&release),
        });
    }
    Ok(archive)
}

/// Whether a key of Debian itself has signed it, and it is no suite that takes what comes.
fn is_vetted(release: &Release) -> bool {
    let debians = pinned().keys();
    let own = |signer: &Signer| debians.iter().any(|key| key.fingerprint() == signer.fingerprint);
    let names = [release.suite.as_str(), release.codename.as_str()];
    release.signers.iter().any(own) && !IN_THE_MAKING.iter().any(|name| names.contains(name))
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
