//! `lightship tools gc`: removes what the manifest does not want any more.

use std::time::Duration;

use lightship_loader::care::gc::{Collected, Kind, Options, gc};
use lightship_model::exit;
use serde_json::Value;

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship tools gc --dry-run              what would go
  lightship tools gc                        tools not wanted for seven days
  lightship tools gc --keep 0s              at once

A tool's time begins at the first start whose manifest does not have it, and begins anew when a
manifest has it again. The audit trail is never removed.

Exit codes: 0, 69 when a loader is at work";

/// Remove tools that the manifest does not want any more
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// How long what is not wanted any more stays
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = crate::cmd::duration)]
    keep: Duration,
    #[command(flatten)]
    project: ProjectArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let options = Options { keep: args.keep, dry_run: args.dry_run };
    let collected = gc(&project.manifest, project.tool_dir(), options)?;
    match args.format {
        // Strings, numbers and lists always serialise.
        Answer::Json => out::print_json(&serde_json::to_value(collected).unwrap_or(Value::Null))?,
        Answer::Text => out::print(&text(&collected))?,
    }
    Ok(exit::OK)
}

fn text(collected: &Collected) -> String {
    let note = super::note(collected.volume.as_deref());
    let mut rows: Vec<[String; 3]> = Vec::new();
    for thing in &collected.removed {
        rows.push([kind(thing.kind).to_owned(), size(thing.bytes), thing.path.clone()]);
    }
    for kept in &collected.kept {
        rows.push([
            "stays".to_owned(),
            String::new(),
            format!("{} until {}", kept.prefix, kept.until),
        ]);
    }
    let verb = if collected.dry_run { "would be freed" } else { "freed" };
    let sum = match collected.removed.len() {
        0 => "nothing to remove".to_owned(),
        count => format!("{count} removed, {} {verb}", size(collected.bytes)),
    };
    format!("{note}{}{sum}\n", out::table(&rows))
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Retired => "retired",
        Kind::Rubbish => "rubbish",
        Kind::Stage => "stage",
        Kind::Part => "part",
        Kind::Log => "log",
        Kind::Corrupt => "corrupt",
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
