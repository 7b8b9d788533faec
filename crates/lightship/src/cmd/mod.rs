//! The verbs: a file each, with its options, its help and what it does.

pub(crate) mod audit;
pub(crate) mod completions;
mod config;
pub(crate) mod ctl;
pub(crate) mod doctor;
pub(crate) mod exec;
pub(crate) mod health;
pub(crate) mod image;
pub(crate) mod init;
pub(crate) mod loader;
pub(crate) mod lock;
pub(crate) mod manifest;
pub(crate) mod tail;
pub(crate) mod tools;
pub(crate) mod unpack;
pub(crate) mod up;
pub(crate) mod wait;

use std::time::Duration;

use lightship_model::duration::HumanDuration;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

/// Does what was typed; the result is the exit code.
pub(crate) fn run(cli: Cli) -> Result<u8, Failure> {
    match cli.command {
        Command::Up(args) => up::run(args),
        Command::Health(args) => health::run(&args),
        Command::Ctl(args) => ctl::run(args),
        Command::Wait(args) => wait::run(args),
        Command::Exec(args) => exec::run(args),
        Command::Tail(args) => tail::run(&args),
        Command::Tools(args) => tools::run(args),
        Command::Manifest(args) => manifest::run(&args),
        Command::Lock(args) => lock::run(&args),
        Command::Audit(args) => audit::run(args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Image(args) => image::run(args),
        Command::Init(args) => init::run(args),
        Command::Loader(args) => Ok(loader::run(args)),
        Command::Unpack(args) => Ok(unpack::run(&args)),
    }
}

/// A duration that was typed.
fn duration(text: &str) -> Result<Duration, String> {
    HumanDuration::parse(text).map(|duration| duration.0)
}
