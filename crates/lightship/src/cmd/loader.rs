//! `lightship __loader`: the loader part as a process, the way the init part of `up` starts it.

use crate::project::ProjectArgs;

/// What the init part tells the loader part.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
}

pub(crate) fn run(args: Args) -> u8 {
    lightship_loader::main_run(&args.project.manifest.which(), args.project.tool_dir)
}
