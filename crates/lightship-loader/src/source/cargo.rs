//! `cargo`: `cargo install` with a home, a target directory and a root of the tool's own.

pub(crate) mod locked;
pub(crate) mod registry;

use std::path::PathBuf;
use std::process::Command;

use lightship_model::event::{Phase, Unit};
use lightship_model::lock::Locked;
use lightship_model::manifest::CargoSource;

use crate::install::{InstallError, Job, Outcome, user_home};

const HELP: &str = "a cargo tool needs Rust: add a tool that brings it to `requires`, as the \
                    built-in manifest `loa` does, or install Rust on the machine";

pub(super) fn install(job: &mut Job<'_>, cargo: &CargoSource) -> Result<Outcome, InstallError> {
    if let Some(Locked::Cargo(locked)) = job.tool.locked.clone() {
        return locked::install(job, cargo, &locked);
    }
    let mut command = client(job)?;
    command.args(["install", &cargo.package]);
    if let Some(version) = cargo.version.as_deref().or(pinned(&job.tool.version)) {
        command.args(["--version", version]);
    }
    run_install(job, cargo, command, cargo.locked)
}

/// A cargo with a home of the attempt's own and the user's registries.
pub(crate) fn client(job: &Job<'_>) -> Result<Command, InstallError> {
    let home = job.stage_dir("cargo")?;
    let mut command = job.command("cargo", HELP)?;
    // CARGO_HOME is ours, so the user's configuration has to be named. It may hold tokens of
    // registries; cargo reads it, and no build script is told of it.
    let config = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(user_home()?.join(".cargo")))
        .map(|home| home.join("config.toml"));
    if let Some(config) = config.filter(|config| config.is_file()) {
        command.arg("--config").arg(config);
    }
    if let Some(index) = &job.runner.environment.registries.cargo {
        command.args(["--config", "source.crates-io.replace-with=\"lightship\""]);
        command.arg("--config").arg(format!("source.lightship.registry=\"{index}\""));
    }
    command
        .env("CARGO_HOME", &home)
        .env("CARGO_TARGET_DIR", job.stage.join("target"))
        .env("CARGO_BUILD_JOBS", job.runner.cores.to_string())
        .env("CARGO_TERM_COLOR", "never");
    Ok(command)
}

/// Adds to `command`, a `cargo install`, what is the same for all, and runs it.
fn run_install(
    job: &mut Job<'_>,
    cargo: &CargoSource,
    mut command: Command,
    locked: bool,
) -> Result<Outcome, InstallError> {
    command.arg("--root").arg(&job.prefix);
    if locked {
        command.arg("--locked");
    }
    if !cargo.default_features {
        command.arg("--no-default-features");
    }
    if !cargo.features.is_empty() {
        command.args(["--features", &cargo.features.join(",")]);
    }
    command
        // Shown even without a terminal: `Building [==> ] 12/345: crate, crate`.
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "160");
    job.phase(Phase::Installing);
    let mut version = None;
    job.run(command, "install", |reporter, line| {
        if let Some((done, total)) = building(line) {
            reporter.count(done, Some(total), Unit::Crates);
        } else if let Some(found) = installing(line, &cargo.package) {
            version = Some(found);
        } else {
            reporter.message(line.trim());
        }
    })?;
    Ok(Outcome { version, ..Outcome::default() })
}

/// An exact version, which is what `cargo install --version 1.2.3` takes it for.
fn pinned(version: &str) -> Option<&str> {
    (version != "latest").then_some(version)
}

/// `12` and `345` of cargo's progress line.
fn building(line: &str) -> Option<(u64, u64)> {
    let (_, after) = line.trim_start().strip_prefix("Building [")?.split_once("] ")?;
    let (done, after) = after.split_once('/')?;
    let total: String = after.chars().take_while(char::is_ascii_digit).collect();
    Some((done.trim().parse().ok()?, total.parse().ok()?))
}

/// The version in `Installing sd v1.0.0`.
fn installing(line: &str, package: &str) -> Option<String> {
    let words = line.trim_start().strip_prefix("Installing ")?.strip_prefix(package)?;
    let version = words.trim_start().strip_prefix('v')?.split_whitespace().next()?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_progress_is_understood() {
        assert_eq!(building("    Building [===>      ] 12/345: serde, syn"), Some((12, 345)));
        assert_eq!(building("    Building [] 3/9"), Some((3, 9)));
        assert_eq!(building("   Compiling serde v1.0.0"), None);
        assert_eq!(installing("  Installing sd v1.0.0", "sd"), Some("1.0.0".into()));
        assert_eq!(installing("  Installing /store/bin/sd", "sd"), None);
    }
}
