//! `lightship tools install`: loads tools by name, with what they require, and without a service.

use crate::failure::Failure;
use crate::project::{Project, ProjectArgs};
use crate::view::Format;

const EXAMPLES: &str = "\
Examples:
  lightship tools install ripgrep
  lightship tools install ck-search rust --profile loa --tool-dir /data/tools

Exit codes: 0 installed, 1 one of them failed, 2 the manifest has no such tool";

/// Load tools now, with what they require
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Tools of the manifest
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    project: ProjectArgs,
    /// How to show what happens
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let names = project.tools(&args.names)?;
    super::load::load(project, names, args.format)
}
