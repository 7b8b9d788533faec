//! `lightship manifest schema`: the JSON Schema of a manifest, for editors.

use lightship_image::build::spec;
use lightship_model::exit;
use lightship_model::manifest::layer::Layer;
use schemars::SchemaGenerator;

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
    let mut generator = SchemaGenerator::default();
    let image = spec::schema(&mut generator);
    let mut whole = generator.into_root_schema_for::<Layer>().to_value();
    // The manifest's own reader leaves this to the image builder.
    if let Some(known) = whole.pointer_mut("/properties/image") {
        *known = image.to_value();
    }
    out::print_json(&whole)?;
    Ok(exit::OK)
}
