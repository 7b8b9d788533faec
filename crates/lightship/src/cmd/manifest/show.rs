//! `lightship manifest show`: the text of a built-in manifest, to read or to begin with.

use lightship_model::{builtin, exit};

use crate::failure::Failure;
use crate::out;

const EXAMPLES: &str = "\
Examples:
  lightship manifest show                                       the quickstart
  lightship manifest show --profile loa > lightship.toml        begin with a copy";

/// Print a built-in manifest
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Built-in manifest: quickstart or loa
    #[arg(long, value_name = "NAME", default_value = builtin::DEFAULT)]
    profile: String,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let text = builtin::text(&args.profile).ok_or_else(|| Failure::UnknownProfile {
        name: args.profile.clone(),
        known: builtin::PROFILES.iter().map(|(name, _)| *name).collect(),
    })?;
    out::print(&text.text)?;
    Ok(exit::OK)
}
