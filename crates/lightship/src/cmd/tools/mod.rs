//! `lightship tools`: what the manifest's tools are and how they stand, and loading them by hand.

mod env;
mod gc;
mod install;
mod list;
pub(in crate::cmd) mod load;
mod log;
mod repair;
mod retry;
mod status;
mod verify;

use clap::Subcommand;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  lightship tools list --profile loa        what a manifest has
  lightship tools status                    how each tool stands
  lightship tools install ripgrep           load one now, without a service
  lightship tools retry                     try again what failed
  lightship tools verify --deep             does every file stand as it was installed?
  lightship tools repair                    install again what is damaged
  lightship tools gc --dry-run              what could go
  lightship tools log ripgrep               the installer's whole output
  eval \"$(lightship tools env)\"             put the tools on this shell's PATH";

/// Show and load the manifest's tools
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Status(status::Args),
    Install(install::Args),
    Retry(retry::Args),
    Log(log::Args),
    Verify(verify::Args),
    Repair(repair::Args),
    Gc(gc::Args),
    Env(env::Args),
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    match args.command {
        Command::List(args) => list::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Install(args) => install::run(&args),
        Command::Retry(args) => retry::run(&args),
        Command::Log(args) => log::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Repair(args) => repair::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Env(args) => env::run(&args),
    }
}

/// A line for those whose tools are not where they look for them.
fn note(volume: Option<&str>) -> String {
    volume.map(|failure| format!("note: {failure}\n")).unwrap_or_default()
}
