//! `lightship wait`: waits until tools are there.

use lightship_init::control::ControlAddress;
use lightship_init::on_demand::{self, code, wait_for};
use lightship_init::{client, ctl, shim};
use lightship_model::duration::HumanDuration;
use lightship_model::name::ToolName;

use super::health::settings_url;
use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship wait ck-search                  until it is there; it is loaded first
  lightship wait rust uv --timeout 5m       both of them
  podman exec app lightship-init wait ck-search

Exit codes: 0 all of them are there, 1 one of them failed or is not loaded, 69 no lightship runs
  here, 75 the time was over";

/// Wait until tools of a running lightship are there
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Tools of its manifest
    #[arg(required = true, value_name = "TOOL")]
    tools: Vec<ToolName>,
    /// Give up after that time (90s, 5m) [default: `LIGHTSHIP_WAIT`, the manifest's `wait`, or 30m]
    #[arg(long, value_name = "DURATION", value_parser = HumanDuration::parse)]
    timeout: Option<HumanDuration>,
    #[command(flatten)]
    project: ProjectArgs,
    /// Its control socket, a path or @NAME [default: `LOA_CONTROL`, or where the shims lead]
    #[arg(long, value_name = "SOCKET")]
    socket: Option<ControlAddress>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    let control = if let Some(control) = on_demand::running(args.socket, None)? {
        control
    } else {
        let url = settings_url(args.project.manifest.clone())?;
        let token = std::env::var(client::TOKEN_VARIABLE).ok().filter(|it| !it.is_empty());
        ctl::find(None, Some(&url), token.as_deref()).map_err(Failure::NotRunning)?
    };
    let limit = limit(args.timeout, &Project::open(&args.project, None)?)?;
    let all = wait_for(&control, &args.tools, limit)?;
    let lines = all.iter().map(|stands| match args.format {
        Answer::Text => stands.line() + "\n",
        // Names and texts always serialise.
        Answer::Json => serde_json::to_string(stands).unwrap_or_default() + "\n",
    });
    out::print(&lines.collect::<String>())?;
    Ok(code(&all))
}

/// How long to wait: as was typed, as the environment says, or as the manifest says.
pub(super) fn limit(
    given: Option<HumanDuration>,
    project: &Project,
) -> Result<std::time::Duration, Failure> {
    if let Some(HumanDuration(limit)) = given {
        return Ok(limit);
    }
    let var = |name: &str| std::env::var(name).ok();
    let limit = shim::limit(var, project.manifest.loader.wait);
    limit.map(|limit| limit.0).map_err(Failure::Wait)
}
