//! The sources: each installs a tool into its own prefix and says what came of it.

mod binary;
pub(crate) mod cargo;
pub(crate) mod deb;
pub(crate) mod npm;
pub(crate) mod pip;
mod script;

use lightship_model::manifest::Source;

pub(crate) use self::deb::{Archives, releases};
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

/// An installer's failure as what it is with a lock: a file that is not the locked one.
pub(crate) fn changed(job: &Job<'_>, error: InstallError) -> InstallError {
    /// How cargo, pip, uv and npm say that a digest is another one.
    const SIGNS: [&str; 7] = [
        "failed to verify the checksum",
        "checksum for `",
        "changed between lock files",
        "do not match the hashes",
        "hash mismatch",
        "eintegrity",
        "integrity checksum failed",
    ];
    let says = |output: &str| {
        let output = output.to_ascii_lowercase();
        SIGNS.iter().any(|sign| output.contains(sign))
    };
    match error {
        InstallError::Exit { excerpt, .. } if says(job.log.tail()) => {
            InstallError::Changed { tool: job.name().clone(), what: excerpt }
        }
        error => error,
    }
}
