//! `lightship tools repair`: installs again what does not hold, and makes anew what is derived.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::channel;

use lightship_loader::care::repair::{GivenUp, give_up};
use lightship_loader::{Options, Sink};
use lightship_model::exit;
use lightship_model::name::ToolName;
use lightship_model::plan::Scope;
use lightship_model::state::ToolStatus;
use serde_json::json;

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{Project, ProjectArgs};
use crate::view::Format;

const EXAMPLES: &str = "\
Examples:
  lightship tools repair                    what a start would find damaged
  lightship tools repair --deep             what differs in any file
  lightship tools repair --deep ck-search --format json

Links to programs and loader-state.json are made anew, too; receipts that can't be read are
kept beside the others under another name.

Exit codes: 0 everything holds now, 1 a tool could not be installed again, or is damaged where
  nothing can be changed, 69 a loader is at work, 73 there is no place for tools";

/// Install again what is damaged
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Tools of the manifest; all when absent
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Read every file to find what is damaged
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    project: ProjectArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let names = project.tools(&args.names)?;
    let found = give_up(&project.manifest, project.tool_dir(), &names, args.deep)?;
    let tools = found.tools();
    match args.format {
        Answer::Text => {
            out::print(&text(&found))?;
            if tools.is_empty() {
                // Links and state are made anew all the same.
                let (_, code) = quietly(project, &found)?;
                return Ok(worst(code, &found));
            }
            Ok(worst(super::load::load(project, tools, Format::default())?, &found))
        }
        Answer::Json => {
            let (failed, code) = quietly(project, &found)?;
            let repaired: Vec<&ToolName> =
                tools.iter().filter(|name| !failed.contains(*name)).collect();
            out::print_json(&json!({
                "ok": failed.is_empty() && found.out_of_reach.is_empty(),
                "damaged": found.damaged,
                "repaired": repaired,
                "failed": failed,
                "setAside": found.set_aside,
                "swept": found.swept,
                "volume": found.volume,
                "outOfReach": found.out_of_reach,
            }))?;
            Ok(worst(code, &found))
        }
    }
}

/// What can't be repaired is no success.
fn worst(code: u8, found: &GivenUp) -> u8 {
    if code == exit::OK && !found.out_of_reach.is_empty() { exit::NO } else { code }
}

fn text(found: &GivenUp) -> String {
    let mut text = super::note(found.volume.as_deref());
    for path in &found.set_aside {
        text.push_str("set aside: ");
        text.push_str(path);
        text.push('\n');
    }
    for prefix in &found.swept {
        text.push_str("removed: ");
        text.push_str(prefix);
        text.push('\n');
    }
    if !found.out_of_reach.is_empty() {
        text.push_str("damaged, where nothing can be changed:\n");
        text.push_str(&super::verify::table(&found.out_of_reach));
    }
    if found.damaged.is_empty() {
        let besides = if found.out_of_reach.is_empty() { "" } else { " besides" };
        text.push_str("no tool is damaged");
        text.push_str(besides);
        text.push('\n');
    } else {
        text.push_str(&super::verify::table(&found.damaged));
    }
    text
}

/// Runs the loader without showing it; gives the tools that are not there, and the exit code.
fn quietly(project: Project, found: &GivenUp) -> Result<(Vec<ToolName>, u8), Failure> {
    let tools: BTreeSet<ToolName> = found.tools().into_iter().collect();
    let options = Options {
        tool_dir: project.tool_dir().to_owned(),
        timeout: project.settings.timeout.value,
        jobs: project.settings.jobs.value,
        confine: project.settings.confine.value,
        scope: Scope::Only(tools.clone()),
        manifest: project.manifest,
    };
    let (_no_commands, receiver) = channel();
    let sink: Sink = Arc::new(|_| {});
    let _summary = lightship_loader::run(&options, receiver, &sink)?;
    let after = lightship_loader::snapshot(&options.manifest, &options.tool_dir)?;
    let missing = after
        .into_iter()
        .map(|tool| tool.change)
        .filter(|change| tools.contains(&change.name) && change.status != ToolStatus::Installed);
    let failed: Vec<ToolName> = missing.map(|change| change.name).collect();
    let code = if failed.is_empty() { exit::OK } else { exit::NO };
    Ok((failed, code))
}
