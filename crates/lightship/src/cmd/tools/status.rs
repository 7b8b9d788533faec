//! `lightship tools status`: how each tool stands in the tool directory right now.

use lightship_model::event::{PlannedTool, ToolChange};
use lightship_model::exit;
use lightship_model::state::ToolStatus;
use serde_json::Value;

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship tools status
  lightship tools status --tool-dir /data/tools --format json
  lightship tools status --check || lightship tools retry

Exit codes: 0; with --check, 1 when a tool failed";

/// Show how each tool stands
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// End with exit code 1 when a tool failed
    #[arg(long)]
    check: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let tools = lightship_loader::snapshot(&project.manifest, project.tool_dir())?;
    let failed = tools.iter().any(|tool| tool.change.status == ToolStatus::Failed);
    match args.format {
        Answer::Json => out::print_json(&tools.iter().map(object).collect())?,
        Answer::Text => {
            let head = ["NAME", "STATUS", "VERSION", "INSTALLED", "WHY"].map(str::to_owned);
            let rows = tools.iter().map(|tool| row(&project, tool));
            let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
            out::print(&out::table(&rows))?;
        }
    }
    Ok(if args.check && failed { exit::NO } else { exit::OK })
}

fn row(project: &Project, tool: &PlannedTool) -> [String; 5] {
    let change = &tool.change;
    let wanted = || project.manifest.tools.get(&change.name).map(|tool| tool.version.clone());
    [
        change.name.to_string(),
        change.status.to_string(),
        change.version.clone().or_else(wanted).unwrap_or_default(),
        change.installed_at.map(|at| at.to_string()).unwrap_or_default(),
        why(change),
    ]
}

/// The reason, or of an error the line that says most: its first. `tools log` has the others.
fn why(change: &ToolChange) -> String {
    let error = change.error.as_deref().and_then(|error| error.lines().next());
    error.or(change.reason.as_deref()).unwrap_or_default().to_owned()
}

fn object(tool: &PlannedTool) -> Value {
    // Strings, numbers and lists always serialise.
    serde_json::to_value(tool).unwrap_or_default()
}
