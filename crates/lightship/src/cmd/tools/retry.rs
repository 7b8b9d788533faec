//! `lightship tools retry`: loads tools again that failed.

use lightship_model::exit;
use lightship_model::name::ToolName;
use lightship_model::state::ToolStatus;

use crate::failure::Failure;
use crate::out;
use crate::project::{Project, ProjectArgs};
use crate::view::Format;

const EXAMPLES: &str = "\
Examples:
  lightship tools retry                 everything that failed
  lightship tools retry ripgrep

Exit codes: 0 installed (or nothing had failed), 1 one of them failed again";

/// Try again to load tools that failed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Tools of the manifest; every one that failed when absent
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    project: ProjectArgs,
    /// How to show what happens
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let names =
        if args.names.is_empty() { failed(&project)? } else { project.tools(&args.names)? };
    if names.is_empty() {
        if args.format != Format::Json {
            out::print("nothing to do: no tool failed\n")?;
        }
        return Ok(exit::OK);
    }
    super::load::load(project, names, args.format)
}

/// What failed, and what was skipped because of it.
fn failed(project: &Project) -> Result<Vec<ToolName>, Failure> {
    let tools = lightship_loader::snapshot(&project.manifest, project.tool_dir())?;
    let again = |status| matches!(status, ToolStatus::Failed | ToolStatus::Skipped);
    let mut names: Vec<ToolName> = Vec::new();
    if tools.iter().any(|tool| tool.change.status == ToolStatus::Failed) {
        let tools = tools.into_iter().filter(|tool| again(tool.change.status));
        names.extend(tools.map(|tool| tool.change.name));
    }
    Ok(names)
}
