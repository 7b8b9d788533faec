//! `lightship image check`: GO or NO-GO.

use std::fs;
use std::path::Path;

use clap::ValueEnum;
use lightship_image::check::{self, Baseline, Budget};
use lightship_model::exit;
use lightship_model::manifest::{ManifestErrors, Text};
use lightship_model::size::Size;
use serde_json::json;

use super::input::Input;
use crate::failure::Failure;
use crate::out;

const EXAMPLES: &str = "\
Examples:
  lightship image check worker.tar --budget 500MB        everything it ships, unpacked
  lightship image check worker.tar --budget budget.toml
  lightship image check worker.tar --budget budget.toml --baseline main.tar
  lightship image check worker.tar --budget budget.toml --format markdown >> \"$GITHUB_STEP_SUMMARY\"

A budget file has any of these; every limit is the most that still holds:
  [total]      unpacked = \"500MB\"   compressed = \"200MB\"
  [layer]      count = 5   unpacked = \"400MB\"   compressed = \"150MB\"
  [growth]     baseline = \"main.json\"   unpacked = \"10MB\"   unpacked-percent = 2   (or compressed…)
  [package.git] or [npm.NAME], [tool.NAME], [path.\"/usr/share/**\"]   unpacked, compressed
  [forbidden]  packages = [\"perl*\"]   npm = [\"typescript\"]   paths = [\"**/*.pyc\"]
  [waste]      dead = \"1MB\"   duplicate = 0
  [setuid]     count = 0   allow = [\"/usr/bin/passwd\"]
  [file]       unpacked = \"50MB\"   except = [\"/opt/claude\"]

Exit codes: 0 GO; 1 NO-GO; 2 wrong usage; 3 the image, budget or baseline can't be read, or a rule
can't be held against it";

/// Say whether an image keeps to a budget
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// An OCI layout or archive, what `docker save` wrote, an unpacked root, a tar of one, - for
    /// standard input, or HOST/NAME:TAG in a registry
    #[arg(value_name = "IMAGE")]
    image: String,
    /// A size for all that is shipped, unpacked (500MB), or a budget file
    #[arg(long, value_name = "SIZE|FILE")]
    budget: String,
    /// What growth is held against: an image, or what `measure` or `check` printed as JSON
    #[arg(long, value_name = "IMAGE|FILE")]
    baseline: Option<String>,
    #[command(flatten)]
    input: Input,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the verdict is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For a pull request
    Markdown,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let budget = budget(&args.budget)?;
    let baseline = match named_baseline(args, &budget) {
        Some(name) => Some(baseline(&name, &args.input)?),
        None => None,
    };
    let image = args.input.read(&args.image)?;
    let verdict = check::check(&image, &budget, baseline.as_ref())?;
    match args.format {
        Format::Json => out::print_json(&json!(verdict))?,
        Format::Text => out::print(&check::text(&verdict))?,
        Format::Markdown => out::print(&check::markdown(&verdict))?,
    }
    Ok(if verdict.go { exit::OK } else { exit::NO })
}

/// A size, or a file. What is written like a size is one.
fn budget(word: &str) -> Result<Budget, Failure> {
    if let Ok(size) = Size::parse(word) {
        return Ok(Budget::of(size));
    }
    let text =
        fs::read_to_string(word).map_err(|source| Failure::Read { path: word.into(), source })?;
    Budget::read(&Text::new(word, text)).map_err(|error| ManifestErrors::from(error).into())
}

/// That of the command line, else that of the file, which names it from where it lies itself.
fn named_baseline(args: &Args, budget: &Budget) -> Option<String> {
    if !budget.growth.has_limit() {
        return None;
    }
    if args.baseline.is_some() {
        return args.baseline.clone();
    }
    let name = budget.growth.baseline.as_ref()?;
    let beside = Path::new(&args.budget).with_file_name(name);
    Some(if beside.exists() { beside.display().to_string() } else { name.clone() })
}

fn baseline(name: &str, input: &Input) -> Result<Baseline, Failure> {
    if Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("json")) {
        let json = fs::read(name).map_err(|source| Failure::Read { path: name.into(), source })?;
        return Ok(Baseline::read(name, &json)?);
    }
    Ok(Baseline::of(&input.read(name)?)?)
}
