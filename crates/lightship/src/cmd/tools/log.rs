//! `lightship tools log`: what a tool's installer wrote, all of it.

use std::io::ErrorKind;

use lightship_model::exit;
use lightship_model::name::ToolName;

use crate::failure::Failure;
use crate::out;
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship tools log ripgrep
  lightship tools log rust --tool-dir /data/tools | less

Exit codes: 0, 1 when there is no log of the tool";

/// Print the output of a tool's installer
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Tool whose log is wanted
    name: String,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    // The log of a tool that the manifest has no more can still be read.
    let tool: ToolName = match args.name.parse() {
        Ok(tool) => tool,
        Err(_) => project.tool(&args.name)?,
    };
    let path = lightship_loader::log_path(project.tool_dir(), &tool);
    match std::fs::read(&path) {
        Ok(log) => out::print(&String::from_utf8_lossy(&log))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let tool = project.tool(&args.name)?.to_string();
            return Err(Failure::NoLog { tool, path });
        }
        Err(source) => return Err(Failure::Read { path, source }),
    }
    Ok(exit::OK)
}
