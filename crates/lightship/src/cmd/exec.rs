//! `lightship exec`: runs a program, once the tool that has it is there.

use std::ffi::OsString;
use std::io::IsTerminal as _;

use lightship_init::control::ControlAddress;
use lightship_init::on_demand::{self, Run};
use lightship_model::duration::HumanDuration;
use lightship_model::exit;
use lightship_model::name::ToolName;

use super::tools::load::load_quietly;
use super::wait::limit;
use crate::failure::Failure;
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship exec ck --sem \"where is it\"            loads the tool that has ck, then runs it
  lightship exec --tool rust make check            make, with the tool rust there
  lightship exec --manifest lightship.toml -- br list

A lightship that runs with this tool directory is asked for the tool; without one it is loaded
here and now.

Exit codes: the program's own; 127 there is no such program, 126 it can't be executed, 69 its tool
  failed or nobody loads it, 75 the time was over";

/// Run a program, once its tool is there
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Tool that is needed, if it is not the one that has the program
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Give up after that time (90s, 5m) [default: `LIGHTSHIP_WAIT`, the manifest's `wait`, or 30m]
    #[arg(long, value_name = "DURATION", value_parser = HumanDuration::parse)]
    timeout: Option<HumanDuration>,
    #[command(flatten)]
    project: ProjectArgs,
    /// Control socket of the lightship to ask, a path or @NAME [default: `LOA_CONTROL`, or where
    /// the shims lead]
    #[arg(long, value_name = "SOCKET")]
    socket: Option<ControlAddress>,
    /// Program and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROGRAM"
    )]
    words: Vec<OsString>,
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let tool: Option<ToolName> = args.tool.map(|name| project.tool(&name)).transpose()?;
    let run = Run::new(args.words, tool, &project.settings.tool_dir.value);
    if let Some(tool) = run.needs(&project.manifest) {
        let limit = limit(args.timeout, &project)?;
        let dir = project.settings.tool_dir.value.clone();
        if let Some(control) = on_demand::running(args.socket, Some(&dir))? {
            if let Err(error) = run.wait(&control, &tool, limit) {
                return Ok(error.tell(run.name()));
            }
        } else {
            let quiet = !std::io::stderr().is_terminal();
            match load_quietly(project, vec![tool], quiet)? {
                exit::OK => {}
                exit::NO => return Ok(exit::UNAVAILABLE),
                other => return Ok(other),
            }
        }
    }
    lightship_init::undo_runtime();
    Ok(run.become_it())
}
