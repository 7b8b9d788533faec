//! `lightship manifest`: checking manifests, and help with writing them.

mod check;
mod schema;
mod show;

use clap::Subcommand;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  lightship manifest show --profile quickstart > lightship.toml
  lightship manifest check lightship.toml
  lightship manifest schema > lightship.schema.json";

/// Check a manifest, print its JSON Schema, or show a built-in one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Schema(schema::Args),
    Show(show::Args),
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Check(args) => check::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Show(args) => show::run(args),
    }
}
