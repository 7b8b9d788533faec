//! How far installers can be confined on this machine, by trying it.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use lightship_model::confinement::{Bound, Confine, Keeper, Limits, Report};

use super::{Cell, Confiner, Level, Plan};
use crate::install::process;

/// How far installers can be confined right now, with what can't be had and why. Costs a fork,
/// and a control group where one can be made.
pub fn confinement() -> Report {
    let stage = std::env::temp_dir().join(format!("lightship-probe-{}", std::process::id()));
    Confiner::new(Confine::Best, Limits::default(), stage).report()
}

impl Confiner {
    /// How far this run's installers are confined.
    pub(crate) fn report(&self) -> Report {
        let mut missing = Vec::new();
        let level = match self.confine {
            Confine::Off => {
                missing.push("confinement is switched off (`confine`, LOA_CONFINE)".to_owned());
                Level::default()
            }
            Confine::Best | Confine::Required => {
                missing.extend(super::landlock(&[]).err());
                missing.extend(super::filter().err());
                let known = missing.len();
                let level = self.try_out().unwrap_or_default();
                if known == 0 && (level.landlock.is_none() || !level.seccomp) {
                    missing.push(
                        "the kernel refused what it seemed to have: a seccomp profile of the \
                         container may forbid it, or too many rulesets lie over one another"
                            .to_owned(),
                    );
                }
                missing.extend(self.groups().missing.iter().cloned());
                level
            }
        };
        let keeper = |held| if held { Keeper::Cgroup } else { Keeper::Watch };
        let processes =
            self.limits.processes.unwrap_or(lightship_model::manifest::defaults::PROCESSES);
        Report {
            level: level.to_string(),
            landlock: level.landlock,
            seccomp: level.seccomp,
            memory: Bound { by: keeper(level.memory), limit: self.memory() },
            processes: Bound { by: keeper(level.processes), limit: processes.into() },
            missing,
        }
    }

    /// Starts a child that steps into a cell and then can't be executed: a directory is no
    /// program.
    fn try_out(&self) -> io::Result<Level> {
        let plan = Plan { writable: Vec::new(), limits: Limits::default() };
        let cell = self.cell(&plan);
        let mut cell = Cell { required: false, ..cell.map_err(io::Error::other)? };
        let mut command = Command::new(Path::new("/"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let door = cell.open(&mut command)?;
        let started = process::Spawning::begin();
        let spawned = command.spawn();
        drop(started);
        match spawned {
            Ok(mut child) => drop(child.wait()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(error),
        }
        Ok(cell.shut(&door))
    }
}
