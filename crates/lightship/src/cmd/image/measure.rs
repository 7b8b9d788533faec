//! `lightship image measure`: where every byte of an image went.

mod document;
mod text;

use clap::ValueEnum;
use lightship_model::exit;
use serde_json::Value;

use super::input::Input;
use crate::failure::Failure;
use crate::out::{self, Answer};

const EXAMPLES: &str = "\
Examples:
  lightship image measure worker.tar                   an archive, as docker or podman save it
  lightship image measure build/worker                 an OCI layout, or an unpacked root
  docker save NAME | lightship image measure -         standard input
  lightship image measure all.tar#worker:latest        one of several images in a file
  lightship image measure registry:registry.example/team/worker:1.0
  lightship image measure worker.tar --by files,dead --top 50
  lightship image measure worker.tar --format json | jq '.images[0].live.packed'

Unpacked is what a container sees, packed what is stored and pulled: the compressed bytes are
charged to the files that they hold. dead: shipped and hidden by a later layer. duplicates: the
same content again, and no hard link. Directories, packages and files with what is unowned and
what is dead sum to what is shipped, to the byte.

HOST/NAME:TAG is in a registry unless there is such a file; with registry: or docker:// in front it
always is. Its layers are read as they come, and not kept.

Exit codes: 0; 2 wrong usage; 3 an image that can't be read, or is not what its digests say";

/// Show where every byte of an image went
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// An OCI layout or archive, what `docker save` wrote, an unpacked root, a tar of one, - for
    /// standard input, or HOST/NAME:TAG in a registry
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
    #[command(flatten)]
    input: Input,
    /// Lines of each table; 10 if not given, and all of them as JSON
    #[arg(long, value_name = "NUMBER")]
    top: Option<usize>,
    /// Which tables
    #[arg(long, value_enum, value_delimiter = ',', value_name = "TABLES",
        default_values_t = [By::Layers, By::Dirs, By::Packages, By::Files, By::Dead, By::Duplicates])]
    by: Vec<By>,
    /// Parts of a path after which directories are not told apart
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    depth: usize,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// What each layer ships, and what of it is dead
    Layers,
    /// Live bytes by directory
    Dirs,
    /// Live bytes by Debian package, tool, npm package, large binary, and what is unowned
    Packages,
    /// The npm packages alone
    Npm,
    /// The largest files
    Files,
    /// What is shipped and hidden
    Dead,
    /// Files of the same content
    Duplicates,
}

/// How much is shown.
struct Extent {
    by: Vec<By>,
    top: usize,
    depth: usize,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let usual = if args.format == Answer::Json { usize::MAX } else { 10 };
    let extent = Extent { by: args.by.clone(), top: args.top.unwrap_or(usual), depth: args.depth };
    let mut documents = Vec::new();
    for (at, name) in args.images.iter().enumerate() {
        let measurement = args.input.read(name)?;
        match args.format {
            Answer::Json => documents.push(document::of(&measurement, &extent)),
            Answer::Text => {
                let space = if at > 0 { "\n\n" } else { "" };
                out::print(&format!("{space}{}", text::of(&measurement, &extent)))?;
            }
        }
    }
    if args.format == Answer::Json {
        out::print_json(&serde_json::json!({ "images": Value::Array(documents) }))?;
    }
    Ok(exit::OK)
}
