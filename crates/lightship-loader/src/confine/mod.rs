//! Confinement: what an installer can reach and use, whatever it is.
//!
//! [`Confiner`] is what is the same for all commands of a run. For each command it makes a
//! [`Cell`]: everything that has to exist before the fork. The child then steps into it with
//! system calls alone (`sys::Child`) and tells what held: the level in receipts is that, never
//! what was hoped for. While the command runs, the cell says when a limit is struck; when it
//! has ended, the cell leaves nobody alive.

mod breach;
mod cell;
pub(crate) mod cgroup;
mod family;
mod landlock;
mod level;
mod report;
mod seccomp;
mod share;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use lightship_model::confinement::{Confine, Limits};
use lightship_model::manifest::defaults;

pub(crate) use self::breach::Breach;
pub(crate) use self::cell::{Cell, Watch};
use self::cgroup::Groups;
pub(crate) use self::level::Level;
pub use self::report::confinement;

/// The confinement of a run's commands.
#[derive(Debug)]
pub(crate) struct Confiner {
    confine: Confine,
    limits: Limits,
    /// The stages of all attempts: names the control groups, and its volume is watched.
    stage: PathBuf,
    /// Made when the first command needs them.
    groups: OnceLock<Groups>,
}

/// What a command may do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Directories that it may write below.
    pub(crate) writable: Vec<PathBuf>,
    pub(crate) limits: Limits,
}

impl Confiner {
    pub(crate) fn new(confine: Confine, limits: Limits, stage: PathBuf) -> Self {
        Self { confine, limits, stage, groups: OnceLock::new() }
    }

    /// The same for attempts whose stages lie in `stage`.
    pub(crate) fn elsewhere(&self, stage: PathBuf) -> Self {
        Self::new(self.confine, self.limits, stage)
    }

    /// Makes ready for one command.
    ///
    /// # Errors
    /// When confinement is required and can't be had: why not.
    pub(crate) fn cell(&self, plan: &Plan) -> Result<Cell, String> {
        let (landlock, filter) = match self.confine {
            Confine::Off => (None, None),
            Confine::Best => (landlock(&plan.writable).ok(), filter().ok()),
            Confine::Required => (Some(landlock(&plan.writable)?), Some(filter()?)),
        };
        let limits = plan.limits.or(self.limits);
        let processes = limits.processes.unwrap_or(defaults::PROCESSES);
        Ok(Cell {
            required: self.confine == Confine::Required,
            drop_capabilities: self.confine != Confine::Off,
            landlock,
            filter: filter.unwrap_or_default(),
            groups: self.groups().group(plan.limits.memory, processes),
            memory: limits.memory.unwrap_or_else(|| self.memory()),
            processes,
            silence: limits.silence.unwrap_or(defaults::SILENCE),
            volume: self.stage.clone(),
        })
    }

    fn groups(&self) -> &Groups {
        self.groups.get_or_init(|| match self.confine {
            Confine::Off => Groups::none("confinement is switched off"),
            _ if without("cgroup") => Groups::none("control groups are left out for a test"),
            Confine::Best | Confine::Required => Groups::make(&self.stage, self.memory()),
        })
    }

    /// Of all installers together.
    fn memory(&self) -> u64 {
        self.limits.memory.unwrap_or_else(share::memory)
    }
}

/// Whether installers give way to everybody; for `bench/neighbour`, which shows what that is worth,
/// they need not.
fn is_idle() -> bool {
    std::env::var_os("LIGHTSHIP_BENCH_NORMAL_PRIORITY").is_none()
}

/// The ruleset and its version.
fn landlock(writable: &[PathBuf]) -> Result<(std::os::fd::OwnedFd, u32), String> {
    if without("landlock") {
        return Err("Landlock is left out for a test".to_owned());
    }
    let version = landlock::version()?;
    Ok((landlock::ruleset(writable)?, version))
}

fn filter() -> Result<Vec<libc::sock_filter>, String> {
    if without("seccomp") {
        return Err("seccomp is left out for a test".to_owned());
    }
    let program = seccomp::program();
    if program.is_empty() {
        return Err(format!("there is no seccomp list for {}", std::env::consts::ARCH));
    }
    Ok(program)
}

/// Whether a test wants to see what happens without a mechanism:
/// `LIGHTSHIP_CONFINE_WITHOUT=landlock,cgroup`. In builds without debug assertions, never.
fn without(mechanism: &str) -> bool {
    cfg!(debug_assertions)
        && std::env::var("LIGHTSHIP_CONFINE_WITHOUT")
            .is_ok_and(|without| without.split(',').any(|word| word == mechanism))
}

/// Orphans of installers become this process's children, so that it finds them.
pub(crate) fn adopt_orphans() {
    // Without it they are found by their mark and their control group.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap_or_default();
}

/// How often dead orphans are taken away, and a family is looked at where no group does it.
const LOOK: Duration = Duration::from_millis(250);

/// What a volume has left, if it is less than has to stay free.
fn disk(volume: &Path) -> Option<Breach> {
    let (free, reserve) = share::shortage(volume)?;
    Some(Breach::Disk { dir: volume.to_owned(), free, reserve })
}
