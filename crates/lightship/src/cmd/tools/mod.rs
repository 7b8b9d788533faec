//! `lightship tools`: what the manifest's tools are and how they stand, and loading them by hand.

mod env;
mod install;
mod list;
pub(in crate::cmd) mod load;
mod log;
mod retry;
mod status;

use clap::Subcommand;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  lightship tools list --profile loa        what a manifest has
  lightship tools status                    how each tool stands
  lightship tools install ripgrep           load one now, without a service
  lightship tools retry                     try again what failed
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
    Env(env::Args),
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    match args.command {
        Command::List(args) => list::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Install(args) => install::run(&args),
        Command::Retry(args) => retry::run(&args),
        Command::Log(args) => log::run(&args),
        Command::Env(args) => env::run(&args),
    }
}
