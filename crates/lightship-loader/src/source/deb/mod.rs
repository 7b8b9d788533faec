//! `deb`: Debian packages with all that they need, in a root inside the tool's prefix, made to
//! run from there. Verified from the archive's signature down to each file; no script of theirs
//! is run.
//!
//! ```text
//! PREFIX/root/usr/…   the packages' files, usr-merged
//! PREFIX/lib/         links to the libraries, without those of the C library: programs use the
//!                     machine's, with which they share a process
//! PREFIX/bin/         links to the programs, or small scripts for those that must be told where
//!                     their parts are
//! PREFIX/packages     what was unpacked: name, version, architecture, digest
//! ```

mod archive;
mod certificates;
mod elf;
mod launcher;
mod libc;
mod libraries;
mod mirror;
mod packages;
mod programs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lightship_debian::resolve::{Request, resolve};
use lightship_model::event::Phase;
use lightship_model::manifest::{DebSource, Registries};

pub(crate) use self::archive::Archives;
use self::mirror::Known;
use self::packages::Unpacked;
use crate::install::{InstallError, Job, Outcome};
use crate::store::disk as fs;

/// Packages that only scripts of packages need, which are not run.
const NEVER: [&str; 7] =
    ["debconf", "debconf-2.0", "dpkg", "init-system-helpers", "install-info", "ucf", "adduser"];

/// The parts of a tool's prefix.
struct Layout {
    prefix: PathBuf,
    root: PathBuf,
    lib: PathBuf,
    bin: PathBuf,
    /// `x86_64-linux-gnu`.
    triplet: &'static str,
}

impl Layout {
    fn new(prefix: &Path) -> Result<Self, InstallError> {
        let triplet = match std::env::consts::ARCH {
            "x86_64" => "x86_64-linux-gnu",
            "aarch64" => "aarch64-linux-gnu",
            other => {
                let message = format!("a `deb` tool can't be installed on {other}");
                return Err(InstallError::Recipe(message));
            }
        };
        let layout = Self {
            prefix: prefix.to_owned(),
            root: prefix.join("root"),
            lib: prefix.join("lib"),
            bin: prefix.join("bin"),
            triplet,
        };
        for folder in [&layout.root.join("usr"), &layout.lib, &layout.bin] {
            fs::create_dir_all(folder).map_err(InstallError::io("make", folder))?;
        }
        Ok(layout)
    }

    /// Debian's name of the architecture.
    fn arch(&self) -> &'static str {
        if self.triplet.starts_with("x86_64") { "amd64" } else { "arm64" }
    }
}

/// The addresses of the release files that `deb` is installed from: the first one of each archive.
pub(crate) fn releases(
    deb: &DebSource,
    registries: &Registries,
) -> Result<Vec<String>, InstallError> {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mirror = mirror::find(&Known { deb, registries, var: &var, root: Path::new("/") })?;
    let mut suites = mirror.suites;
    suites.dedup_by(|next, before| next.uri == before.uri);
    let address = |suite: &mirror::Suite| format!("{}/dists/{}/InRelease", suite.uri, suite.name);
    Ok(suites.iter().map(address).collect())
}

pub(super) fn install(job: &mut Job<'_>, deb: &DebSource) -> Result<Outcome, InstallError> {
    let layout = Layout::new(&job.prefix)?;
    job.phase(Phase::Downloading);
    let archive = archive::open(job, deb, layout.arch())?;
    let without = deb.without.iter().map(String::as_str).chain(NEVER);
    let request =
        Request { packages: deb.packages.clone(), without: without.map(str::to_owned).collect() };
    let chosen = resolve(&archive.index, &request)
        .map_err(|error| InstallError::Recipe(format!("its packages: {error}")))?;
    libc::check(&archive.index, &chosen)?;
    let unpacked = packages::unpack(job, &archive, &chosen, &layout)?;
    job.phase(Phase::Installing);
    libraries::link(&layout, &unpacked)?;
    libraries::find_their_libraries(&layout, &unpacked)?;
    certificates::bundle(&layout)?;
    let named: Vec<&str> =
        deb.packages.iter().map(|text| text.split('=').next().unwrap_or_default()).collect();
    programs::publish(job, &layout, &unpacked, &named)?;
    outcome(job, deb, &unpacked, &named)
}

fn outcome(
    job: &Job<'_>,
    deb: &DebSource,
    unpacked: &Unpacked,
    named: &[&str],
) -> Result<Outcome, InstallError> {
    let exports = deb
        .exports
        .iter()
        .map(|(name, value)| Ok((name.clone(), job.expand(value)?)))
        .collect::<Result<BTreeMap<_, _>, InstallError>>()?;
    let first = named.first().and_then(|name| unpacked.versions.get(*name));
    let version = first.map(|version| lightship_debian::version::upstream(version).to_owned());
    Ok(Outcome { version, exports, ..Outcome::default() })
}
