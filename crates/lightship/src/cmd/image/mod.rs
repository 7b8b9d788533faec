//! `lightship image`: builds images without a daemon, and says where their bytes are.

mod measure;
mod pull;
mod push;

use clap::Subcommand;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  lightship image measure worker.tar               layers, directories, packages, waste
  podman save NAME | lightship image measure -     what another tool has made
  lightship image push build/worker registry.example/team/worker:1.0
  lightship image pull registry.example/team/worker:1.0 -o build/worker

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
    Pull(pull::Args),
    Push(push::Args),
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    match args.command {
        Command::Measure(args) => measure::run(&args),
        Command::Pull(args) => pull::run(&args),
        Command::Push(args) => push::run(&args),
    }
}
