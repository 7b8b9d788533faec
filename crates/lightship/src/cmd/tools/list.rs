//! `lightship tools list`: the tools that the manifest has.

use lightship_model::exit;
use lightship_model::manifest::{Load, Tool};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship tools list
  lightship tools list --profile loa
  lightship tools list --manifest lightship.toml --format json | jq -r '.[].name'";

/// List the manifest's tools
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let tools = project.manifest.tools_in_order();
    match args.format {
        Answer::Json => out::print_json(&tools.into_iter().map(object).collect())?,
        Answer::Text => {
            let head = ["NAME", "VERSION", "SOURCE", "LOAD", "REQUIRES", "PROGRAMS"];
            let mut rows = vec![head.map(str::to_owned)];
            rows.extend(tools.into_iter().map(row));
            out::print(&out::table(&rows))?;
        }
    }
    Ok(exit::OK)
}

fn row(tool: &Tool) -> [String; 6] {
    [
        tool.name.to_string(),
        tool.version.clone(),
        tool.source.kind().to_owned(),
        load(tool.load).to_owned(),
        comma(&tool.requires),
        tool.bins.as_deref().map(comma).unwrap_or_default(),
    ]
}

fn comma(names: &[impl ToString]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn object(tool: &Tool) -> Value {
    json!({
        "name": tool.name,
        "version": tool.version,
        "source": tool.source.kind(),
        "load": load(tool.load),
        "priority": tool.priority,
        "requires": tool.requires,
        "bins": tool.bins,
    })
}

/// The manifest's word.
fn load(load: Load) -> &'static str {
    match load {
        Load::Baked => "baked",
        Load::Deferred => "deferred",
        Load::OnDemand => "on-demand",
    }
}
