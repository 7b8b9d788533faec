//! What the image builder fetches: Debian packages and npm tarballs, by the same mirrors, keys,
//! retries and digests as tools. Nothing is installed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use lightship_debian::resolve::Without;
use lightship_model::confinement::{Confine, Limits};
use lightship_model::digest::Digest;
use lightship_model::lock::{DebArchive, LockedDebPackage};
use lightship_model::manifest::{DebSource, Load, Registries, Source, Tool};
use lightship_model::name::ToolName;
use lightship_model::time::Timestamp;

use crate::clock::now;
use crate::confine::Confiner;
use crate::error::LoaderError;
pub use crate::fetch::clients::of_this_machine as registries_of_this_machine;
use crate::fetch::{Download, clients, index};
use crate::install::log::Log;
use crate::install::progress::Reporter;
use crate::install::{Environment, InstallError, Job, Runner};
use crate::source::{Archives, deb};
use crate::store::ToolDir;
use crate::store::lock::Locking;
use crate::store::sweep::remove_tree;
use crate::{Sink, room};

/// Fetches into files that the caller names; parts of downloads outlive it in a directory of its
/// own, and so does the trail of what was fetched. It may be used by several threads at once.
pub struct Fetcher {
    runner: Runner,
    tool: Tool,
    timeout: Duration,
}

/// Why something was not fetched or chosen.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FetchError(#[from] InstallError);

/// The packages that a question comes to, and how old the answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Sorted by name.
    pub packages: Vec<LockedDebPackage>,
    pub suites: Vec<Suite>,
}

/// A suite that was read, with the date of its release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    pub archive: DebArchive,
    pub name: String,
    pub released: Timestamp,
}

/// Where npm's registry has a version, and what its bytes have to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpmTarball {
    pub url: String,
    /// `sha512-…`; nothing where the registry knows none.
    pub integrity: Option<String>,
}

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedFile {
    pub sha256: Digest,
    pub bytes: u64,
}

/// `bytes` in base64, as npm writes digests.
pub fn base64(bytes: &[u8]) -> String {
    crate::fetch::address::base64(bytes)
}

impl FetchError {
    /// Whether the mirror does not have the file any more.
    pub fn is_gone(&self) -> bool {
        match &self.0 {
            InstallError::Download { reason, .. } => {
                ["404", "410"].iter().any(|status| reason.ends_with(&format!(": {status}")))
            }
            _ => false,
        }
    }

    /// Whether the file is there with other bytes than it must have.
    pub fn is_changed(&self) -> bool {
        match &self.0 {
            InstallError::WrongDigest { .. } => true,
            InstallError::Download { reason, .. } => reason.contains(" bytes, wanted are "),
            _ => false,
        }
    }
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").field("dir", &self.runner.dir).finish_non_exhaustive()
    }
}

impl Fetcher {
    /// A fetcher that keeps its parts below `dir`; each file may take `timeout`.
    ///
    /// # Errors
    /// When the directory can't be made.
    pub fn new(dir: &Path, registries: Registries, timeout: Duration) -> Result<Self, LoaderError> {
        let dir = ToolDir::make(dir)?;
        let environment = Environment::from_process(&[], registries);
        let sink: Sink = Arc::new(drop);
        let runner = Runner {
            confiner: Confiner::new(Confine::Best, Limits::default(), dir.stage()),
            dir,
            locking: Locking::Flock,
            environment,
            python: None,
            no_python: None,
            archives: Archives::default(),
            cores: room::cores(),
            timeout,
            sink,
            spare: None,
            told: AtomicBool::new(false),
            hold: OnceLock::new(),
        };
        let name = ToolName::try_from("image".to_owned());
        let name = name.map_err(|_| LoaderError::Directory {
            path: PathBuf::new(),
            what: "its name is none",
            source: std::io::ErrorKind::InvalidInput.into(),
        })?;
        Ok(Self { runner, tool: no_tool(name), timeout })
    }

    /// The packages that `deb` means now for Debian's architecture `arch` (`amd64`), from signed
    /// lists; `without` says what some of them can do without.
    ///
    /// # Errors
    /// When no mirror is known, a signature does not hold, or something is not to be had.
    pub fn choose(
        &self,
        deb: &DebSource,
        without: &Without,
        arch: &str,
    ) -> Result<Chosen, FetchError> {
        self.with_job(|job| {
            let choice = deb::choose_for(job, deb, without, arch)?;
            let suites = choice.suites.into_iter().map(|origin| Suite {
                archive: origin.archive,
                name: origin.name,
                released: origin.released,
            });
            Ok(Chosen { packages: choice.locked.packages, suites: suites.collect() })
        })
    }

    /// Fetches one package to the file `to`, with the digest that it must have.
    ///
    /// # Errors
    /// When it is not to be had, or is another file.
    pub fn package(
        &self,
        deb: &DebSource,
        package: &LockedDebPackage,
        to: &Path,
    ) -> Result<(), FetchError> {
        self.with_job(|job| deb::fetch_one(job, deb, package, to))
    }

    /// The address of npm's registry, without a slash at its end.
    ///
    /// # Errors
    /// When nothing on this machine says where it is.
    pub fn npm_registry(&self) -> Result<String, FetchError> {
        self.with_job(|job| Ok(clients::npm_registry(job)?.trim_end_matches('/').to_owned()))
    }

    /// Where the registry has `name` of that version.
    ///
    /// # Errors
    /// When it does not have it.
    pub fn npm_tarball(&self, name: &str, version: &str) -> Result<NpmTarball, FetchError> {
        self.with_job(|job| {
            let (page, answer) = index::packument_at(job, name, false)?;
            let dist = &answer["versions"][version]["dist"];
            let url = dist["tarball"].as_str().ok_or_else(|| {
                let what = format!("the registry has no `{name}` of version {version}");
                InstallError::Recipe(what)
            })?;
            let url = crate::fetch::address::resolve(&page, url);
            Ok(NpmTarball { url, integrity: dist["integrity"].as_str().map(str::to_owned) })
        })
    }

    /// Fetches `url`, which errors call `name`, to the file `to`: at most `limit` bytes. Without
    /// a digest the caller has to verify it.
    ///
    /// # Errors
    /// When it is not to be had, or is another file.
    pub fn file(
        &self,
        (url, name): (&str, &str),
        sha256: Option<&Digest>,
        limit: u64,
        to: &Path,
    ) -> Result<FetchedFile, FetchError> {
        self.with_job(|job| {
            let download =
                Download { sha256, limit: Some(limit), name: Some(name), ..Download::new(url) };
            let fetched = download.to(job, to)?;
            Ok(FetchedFile { sha256: fetched.digest, bytes: fetched.bytes })
        })
    }

    fn with_job<T>(
        &self,
        act: impl FnOnce(&mut Job<'_>) -> Result<T, InstallError>,
    ) -> Result<T, FetchError> {
        // Several fetchers of one process may share a directory.
        static JOBS: AtomicU32 = AtomicU32::new(0);
        let number = JOBS.fetch_add(1, Ordering::Relaxed);
        let stage = self.runner.dir.stage().join(format!("{}-{number}", std::process::id()));
        crate::store::disk::create_dir_all(&stage).map_err(InstallError::io("make", &stage))?;
        let log = stage.join("log");
        let log = Log::open(&log, 1, now()).map_err(InstallError::io("write", &log))?;
        let mut job = Job {
            runner: &self.runner,
            tool: &self.tool,
            prefix: stage.join("prefix"),
            stage: stage.clone(),
            requires: &[],
            deadline: Instant::now() + self.timeout,
            timeout: self.timeout,
            reporter: Reporter::new(self.tool.name.clone(), Sink::clone(&self.runner.sink)),
            log,
            level: None,
        };
        let done = act(&mut job);
        // What can't be removed lies in a directory for such things.
        drop(remove_tree(&stage));
        Ok(done?)
    }
}

/// Stands where a job names its tool.
fn no_tool(name: ToolName) -> Tool {
    Tool {
        name,
        version: "latest".to_owned(),
        source: Source::Script(lightship_model::manifest::ScriptSource { run: Vec::new() }),
        requires: Vec::new(),
        priority: 0,
        load: Load::Baked,
        timeout: None,
        retries: 0,
        limits: Limits::default(),
        verify: None,
        bins: None,
        env: std::collections::BTreeMap::new(),
        estimate: None,
        locked: None,
    }
}
