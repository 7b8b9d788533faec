//! The sources: each installs a tool into its own prefix and says what came of it.

mod binary;
mod cargo;
mod deb;
mod npm;
mod pip;
mod script;

use lightship_model::manifest::Source;

pub(crate) use self::deb::Archives;
use crate::install::{InstallError, Job, Outcome};

/// Installs the job's tool into the job's prefix.
pub(crate) fn install(job: &mut Job<'_>) -> Result<Outcome, InstallError> {
    match &job.tool.source {
        Source::Cargo(cargo) => cargo::install(job, cargo),
        Source::Pip(pip) => pip::install(job, pip),
        Source::Npm(npm) => npm::install(job, npm),
        Source::Binary(binary) => binary::install(job, binary),
        Source::Deb(deb) => deb::install(job, deb),
        Source::Script(script) => script::install(job, script),
    }
}
