//! `lightship tools verify`: does what is installed still hold?

use lightship_loader::care::verify::{Standing, Verdict, verify};
use lightship_model::exit;
use serde_json::json;

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship tools verify                    receipts and programs, as at every start
  lightship tools verify --deep             every file, compared with its digest
  lightship tools verify --deep rust --format json
  lightship tools verify --deep || lightship tools repair --deep

Exit codes: 0 everything that is installed holds, 1 something is damaged, or a tool that was
  named is not installed";

/// Check that installed tools are as they were installed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Tools of the manifest; all when absent
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Read every file and compare it with its digest
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    project: ProjectArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let names = project.tools(&args.names)?;
    let verdicts = verify(&project.manifest, project.tool_dir(), &names, args.deep)?;
    let bad = |verdict: &Verdict| match verdict.status {
        Standing::Good => false,
        Standing::Damaged => true,
        Standing::Absent => !names.is_empty(),
    };
    let ok = !verdicts.iter().any(bad);
    match args.format {
        Answer::Json => {
            out::print_json(&json!({ "ok": ok, "deep": args.deep, "tools": verdicts }))?;
        }
        Answer::Text => out::print(&table(&verdicts))?,
    }
    Ok(if ok { exit::OK } else { exit::NO })
}

/// The verdicts as rows.
pub(super) fn table(verdicts: &[Verdict]) -> String {
    let head = ["NAME", "STATUS", "VERSION", "FILES", "WHY"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(verdicts.iter().map(row)).collect();
    out::table(&rows)
}

fn row(verdict: &Verdict) -> [String; 5] {
    let status = match verdict.status {
        Standing::Good => "good",
        Standing::Damaged => "damaged",
        Standing::Absent => "absent",
    };
    [
        verdict.name.to_string(),
        status.to_owned(),
        verdict.version.clone().unwrap_or_default(),
        verdict.files.map(|files| files.to_string()).unwrap_or_default(),
        why(verdict),
    ]
}

fn why(verdict: &Verdict) -> String {
    let place = verdict.dir.as_ref().map(|dir| format!("it is in {dir}"));
    let parts: Vec<String> = verdict.reason.clone().into_iter().chain(place).collect();
    parts.join("; ")
}
