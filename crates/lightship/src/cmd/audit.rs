//! `lightship audit`: what was done in the tool directory, and whether the trail of it is whole.

use std::fmt::Write as _;
use std::time::SystemTime;

use clap::Subcommand;
use lightship_loader::care::trail::{self, Filter, Remark};
use lightship_model::exit;
use lightship_model::time::Timestamp;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship audit verify                    is the trail what was written?
  lightship audit show                      every act
  lightship audit show --tool ck-search --since 2d
  lightship audit tail --format json        the last ten

Exit codes: 0; 1 when `verify` finds the trail edited, cut or put together anew";

const VERIFY: &str = "\
Examples:
  lightship audit verify
  lightship audit verify --tool-dir /data/tools --format json | jq '.problems'

Exit codes: 0 the trail is what was written, 1 it was edited, cut or put together anew";

const SHOW: &str = "\
Examples:
  lightship audit show --tool ck-search
  lightship audit show --since 2d --format json | jq -r '.[] | select(.act == \"download\") | .sha256'";

const TAIL: &str = "\
Examples:
  lightship audit tail
  lightship audit tail -n 50 --tool rust";

/// Show and check the audit trail of the tool directory
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the chain of digests, and what else remembers it
    Verify(Verify),
    /// Print the acts, oldest first
    Show(Show),
    /// Print the last acts
    Tail(Tail),
}

#[derive(Debug, clap::Args)]
#[command(after_help = VERIFY)]
struct Verify {
    #[command(flatten)]
    project: ProjectArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

#[derive(Debug, clap::Args)]
#[command(after_help = SHOW)]
struct Show {
    #[command(flatten)]
    project: ProjectArgs,
    /// Acts about this tool alone
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Acts since a time (2026-11-25T03:00:00Z) or of the last while (90m, 2d)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

#[derive(Debug, clap::Args)]
#[command(after_help = TAIL)]
struct Tail {
    #[command(flatten)]
    show: Show,
    /// How many
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 10)]
    lines: usize,
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    match args.command {
        Command::Verify(args) => verify(&args),
        Command::Show(args) => show(args, None),
        Command::Tail(args) => show(args.show, Some(args.lines)),
    }
}

fn verify(args: &Verify) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let report = trail::verify(project.tool_dir())?;
    match args.format {
        Answer::Json => out::print_json(&json!({
            "ok": report.is_good(),
            "lines": report.lines,
            "problems": report.problems,
            "warnings": report.warnings,
        }))?,
        Answer::Text => {
            let remark = |kind: &str, remark: &Remark| {
                format!("{kind}: line {} {}\n", remark.line, remark.what)
            };
            let problems = report.problems.iter().map(|found| remark("problem", found));
            let warnings = report.warnings.iter().map(|found| remark("warning", found));
            let verdict = if report.is_good() {
                format!("the audit trail holds: {} lines\n", report.lines)
            } else {
                format!("the audit trail is not what was written ({} lines)\n", report.lines)
            };
            out::print(&problems.chain(warnings).chain([verdict]).collect::<String>())?;
        }
    }
    Ok(if report.is_good() { exit::OK } else { exit::NO })
}

fn show(args: Show, last: Option<usize>) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let filter = Filter { tool: args.tool, since: args.since, last };
    let acts = trail::acts(project.tool_dir(), &filter)?;
    match args.format {
        Answer::Json => out::print_json(&acts.into())?,
        Answer::Text => out::print(&acts.iter().map(line).collect::<String>())?,
    }
    Ok(exit::OK)
}

/// An act as a person reads it: when, what, on what, and by whom.
fn line(act: &Value) -> String {
    const KNOWN: [&str; 6] = ["n", "at", "act", "by", "prev", "tool"];
    let word = |key: &str| act[key].as_str().unwrap_or_default();
    let mut line = format!("{}  {:<12}  {}", word("at"), word("act"), word("tool"));
    for (key, value) in act.as_object().into_iter().flatten() {
        if !KNOWN.contains(&key.as_str()) {
            // Writing to a `String` can't fail.
            write!(line, " {key}={}", plain(value)).unwrap_or_default();
        }
    }
    format!("{}  ({})\n", line.trim_end(), word("by"))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains(char::is_whitespace) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A time, or how long ago.
fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = Timestamp::try_from(text.to_owned()) {
        return Ok(time);
    }
    let ago = super::duration(text).map_err(|error| {
        format!("neither a time like 2026-11-25T03:00:00Z nor a while like 90m: {error}")
    })?;
    let now = Timestamp::from(SystemTime::now()).as_millis();
    let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
    Ok(Timestamp::from_millis(now.saturating_sub(ago)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_one_readable_line() {
        let act = json!({
            "n": 3, "at": "2026-02-04T11:00:00.000Z", "act": "installed", "tool": "rust",
            "version": "1.96.0", "took_ms": 12, "why": "a b", "by": "loader 7", "prev": "00",
        });
        assert_eq!(
            line(&act),
            "2026-02-04T11:00:00.000Z  installed     rust took_ms=12 version=1.96.0 \
             why=\"a b\"  (loader 7)\n"
        );
    }

    #[test]
    fn a_time_or_a_while_is_taken() {
        let time = since("2026-02-04T11:00:00Z").unwrap();
        assert!(since("1h").unwrap() > time);
        assert!(since("yesterday").unwrap_err().contains("90m"));
    }
}
