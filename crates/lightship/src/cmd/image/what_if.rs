//! `lightship image what-if`: what an image would be without something.

use lightship_image::what_if;
use lightship_model::exit;
use serde_json::json;

use super::input::Input;
use crate::failure::Failure;
use crate::out::{self, Answer};

const EXAMPLES: &str = "\
Examples:
  lightship image what-if worker.tar                      what could go, and what with it
  lightship image what-if worker.tar --remove git
  lightship image what-if worker.tar --remove git --remove curl --keep bash
  lightship image what-if worker.tar --remove npm:typescript --remove '/usr/share/doc/**'
  lightship image what-if worker.tar --remove git --format json | jq '.byPackage.saved'

Names: a Debian package or a tool (git; deb:NAME or tool:NAME where both are there), npm:NAME,
a path or a pattern of paths (/usr/bin/git*, path:NAME). Two answers: by package (who depends on
it goes too, then every package nobody needs), and as sliced (its files, and the libraries and
interpreters only they need).

Exit codes: 0; 2 a name that is nothing in the image; 3 an image that can't be read";

/// Show what would go with a package, how much that saves, and what would break
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// An OCI layout or archive, what `docker save` wrote, an unpacked root, a tar of one, - for
    /// standard input, or HOST/NAME:TAG in a registry
    #[arg(value_name = "IMAGE")]
    image: String,
    /// What is not to be there; several times for several things together
    #[arg(long, value_name = "NAME")]
    remove: Vec<String>,
    /// What has to stay, and nothing else; without it what apt was asked for
    #[arg(long, value_name = "NAME", requires = "remove")]
    keep: Vec<String>,
    #[command(flatten)]
    input: Input,
    /// Lines of the table of what could go
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    top: usize,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let image = args.input.read(&args.image)?;
    if args.remove.is_empty() {
        let all = what_if::candidates(&image);
        match args.format {
            Answer::Json => out::print_json(&json!({ "image": image.name, "candidates": all }))?,
            Answer::Text => out::print(&what_if::candidates_text(&all, args.top))?,
        }
        return Ok(exit::OK);
    }
    let answer = what_if::what_if(&image, &args.remove, &args.keep)?;
    match args.format {
        Answer::Json => out::print_json(&json!(answer))?,
        Answer::Text => out::print(&what_if::text(&answer))?,
    }
    Ok(exit::OK)
}
