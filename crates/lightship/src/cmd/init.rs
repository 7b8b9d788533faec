//! `lightship __init`: the init part as a process, the way `up` starts it.

use std::ffi::OsString;
use std::os::fd::RawFd;

use lightship_init::{Config, ConfigError, InitOptions, Reload};

use crate::failure::Failure;
use crate::project::{Project, ProjectArgs};
use crate::sys;

/// What `up` tells the init part.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    #[arg(long)]
    listen: Option<String>,
    /// Number of the descriptor that events go to
    #[arg(long)]
    events_fd: RawFd,
    #[arg(last = true)]
    service: Vec<OsString>,
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    // First, before anything else could be opened under a number.
    let events = sys::take_over(args.events_fd)
        .map_err(Failure::system("take over the descriptor for events"))?;
    sys::call_process("lightship-init");
    let project = Project::open(&args.project, args.listen)?;
    let config = Config::from_manifest(
        &project.manifest,
        &project.settings,
        args.service,
        InitOptions::default(),
        loader(&project),
    );
    let config = config.map_err(|error| match error {
        ConfigError::NoService => {
            Failure::NoService { manifest: project.which.to_args()[1].clone() }
        }
        error @ (ConfigError::Events { .. }
        | ConfigError::Token { .. }
        | ConfigError::ShortToken { .. }
        | ConfigError::Control(_)) => Failure::Config(error),
    })?;
    let log_reader = ["/proc/self/exe", "__tail"].map(OsString::from).into();
    let reload = Some(Reload::of(project.which));
    Ok(lightship_init::run(Config { events: Some(events), log_reader, reload, ..config }))
}

/// The loader's command line: this very program as its loader part.
fn loader(project: &Project) -> Vec<OsString> {
    let [option, manifest] = project.which.to_args();
    let tool_dir = project.settings.tool_dir.value.clone();
    ["/proc/self/exe".into(), "__loader".into(), option, manifest, "--tool-dir".into(), tool_dir]
        .map(OsString::from)
        .into()
}
