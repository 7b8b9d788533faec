//! `lightship __loader`: the loader part as a process, the way the init part of `up` starts it.

use lightship_model::name::ToolName;
use lightship_model::settings::Given;

use crate::project::ProjectArgs;
use crate::sys;

/// What the init part tells the loader part.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// Tools that somebody waits for
    #[arg(long)]
    promote: Vec<ToolName>,
}

pub(crate) fn run(args: Args) -> u8 {
    // One letter less than it should be: the kernel keeps 15.
    sys::call_process("lightship-loade");
    let given = Given { tool_dir: args.project.tool_dir, ..args.project.lock.given() };
    let promoted = args.promote.into_iter().collect();
    lightship_loader::main_run(&args.project.manifest.which(), given, promoted)
}
