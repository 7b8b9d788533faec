//! `lightship image`: builds images without a daemon, and says where their bytes are.

mod build;
mod check;
mod compare;
mod connection;
mod input;
mod measure;
mod pull;
mod push;
mod report;
mod what_if;

use clap::Subcommand;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  lightship image build -o worker                  from `[image]` of lightship.toml
  lightship image measure worker.tar               layers, directories, packages, waste
  podman save NAME | lightship image measure -     what another tool has made
  lightship image measure registry:registry.example/team/worker:1.0
  lightship image what-if worker.tar --remove git  what would go with it
  lightship image compare old.tar new.tar          side by side
  lightship image check worker.tar --budget 500MB  GO or NO-GO
  lightship image report worker.tar -o report.html a page with a map
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
    Build(build::Args),
    Measure(measure::Args),
    WhatIf(what_if::Args),
    Compare(compare::Args),
    Check(check::Args),
    Report(report::Args),
    Pull(pull::Args),
    Push(push::Args),
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    match args.command {
        Command::Build(args) => build::run(&args),
        Command::Measure(args) => measure::run(&args),
        Command::WhatIf(args) => what_if::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Pull(args) => pull::run(&args),
        Command::Push(args) => push::run(&args),
    }
}
