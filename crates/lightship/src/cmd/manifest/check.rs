//! `lightship manifest check`: everything that is wrong with a manifest, each with its place.

use std::path::PathBuf;

use lightship_model::exit;
use lightship_model::manifest::{self, Which};

use crate::failure::Failure;
use crate::out;

const EXAMPLES: &str = "\
Examples:
  lightship manifest check                      ./lightship.toml
  lightship manifest check deploy/agent.toml
  lightship manifest check --profile loa        a built-in one

Exit codes: 0 nothing is wrong, 3 something is";

/// Say what is wrong with a manifest, each error with file, line and column
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Manifest to check
    #[arg(value_name = "FILE", default_value = "lightship.toml", conflicts_with = "profile")]
    file: PathBuf,
    /// Built-in manifest to check instead: quickstart or loa
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    // The file stays as it was typed: that is how its errors should name it.
    let which = match &args.profile {
        Some(name) => Which::Profile(name.clone()),
        None => Which::File(args.file.clone()),
    };
    let manifest = manifest::open(&which, |path| std::fs::read_to_string(path))?;
    let tools = match manifest.tools.len() {
        1 => "1 tool".to_owned(),
        count => format!("{count} tools"),
    };
    out::print(&format!("ok: {tools}\n"))?;
    Ok(exit::OK)
}
