//! `lightship image`: builds images without a daemon, and says where their bytes are.

mod measure;

use clap::Subcommand;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  lightship image measure worker.tar               layers, directories, packages, waste
  podman save NAME | lightship image measure -     what another tool has made

Exit codes: 0 done; 1 the answer is no; 2 wrong usage; 3 input unreadable or wrong";

/// Build container images without a daemon, and see where every byte went
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Measure(measure::Args),
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    match args.command {
        Command::Measure(args) => measure::run(&args),
    }
}
