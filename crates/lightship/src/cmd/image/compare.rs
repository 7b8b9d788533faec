//! `lightship image compare`: images side by side.

use lightship_image::compare;
use lightship_image::measure::Measurement;
use lightship_model::exit;
use serde_json::json;

use super::input::Input;
use crate::failure::Failure;
use crate::out::{self, Answer};

const EXAMPLES: &str = "\
Examples:
  lightship image compare old.tar new.tar
  lightship image compare slim.tar worker.tar worker-git.tar
  lightship image compare registry.example/team/worker:1.0 build/worker
  lightship image compare old.tar new.tar --format json | jq '.totals[0].difference'

Each is held against the first: totals, layers, directories, packages and files that differ, those
that differ most first.

Exit codes: 0; 2 wrong usage; 3 an image that can't be read";

/// Compare images by layer, directory, package and file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Two or more images, of any kind that `image measure` takes
    #[arg(required = true, num_args = 2.., value_name = "IMAGE")]
    images: Vec<String>,
    #[command(flatten)]
    input: Input,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let read = |name: &String| args.input.read(name);
    let images: Vec<Measurement> = args.images.iter().map(read).collect::<Result<_, _>>()?;
    let all = compare::compare(&images.iter().collect::<Vec<_>>());
    match args.format {
        Answer::Json => out::print_json(&json!(all))?,
        Answer::Text => out::print(&compare::text(&all))?,
    }
    Ok(exit::OK)
}
