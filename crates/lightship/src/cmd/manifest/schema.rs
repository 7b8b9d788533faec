//! `lightship manifest schema`: the JSON Schema of a manifest, for editors.

use lightship_model::exit;
use lightship_model::manifest::layer::Layer;

use crate::failure::Failure;
use crate::out;

const EXAMPLES: &str = "\
Examples:
  lightship manifest schema > lightship.schema.json

  An editor with a TOML language server takes it from the manifest's first line:
  #:schema ./lightship.schema.json";

/// Print the JSON Schema of a manifest
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> Result<u8, Failure> {
    out::print_json(&schemars::schema_for!(Layer).to_value())?;
    Ok(exit::OK)
}
