//! `lightship doctor`: what the machine gives, and how the tool directory stands.

use std::io;

use lightship_init::ctl;
use lightship_loader::care::doctor::{Finding, Status, examine};
use lightship_model::exit;
use lightship_model::manifest::Manifest;
use serde_json::json;

use crate::failure::Failure;
use crate::out::{self, Answer, takes_colour};
use crate::project::{Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship doctor
  lightship doctor --offline --tool-dir /data/tools
  lightship doctor --format json | jq -r '.findings[] | select(.status != \"ok\") | .what'

Exit codes: 0 nothing fails (warnings are no failure), 1 something does";

/// Look at the machine and the tool directory, and say what is wrong
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// Ask no registry
    #[arg(long)]
    offline: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let mut findings = Vec::new();
    match Project::open(&args.project, None) {
        Ok(project) => {
            findings.push(manifest(&project.manifest));
            findings.extend(examine(&project.manifest, project.tool_dir(), args.offline));
            findings.push(search_path(&project));
        }
        // The other checks are about what it says.
        Err(failure) => {
            let what = "the manifest can't be used";
            let finding = Finding::new("manifest", Status::Fail, what);
            findings.push(finding.detail(failure.to_string()));
        }
    }
    findings.push(control());
    let worst = findings.iter().map(|finding| finding.status).max().unwrap_or(Status::Ok);
    let ok = worst < Status::Fail;
    match args.format {
        Answer::Json => {
            out::print_json(&json!({ "ok": ok, "status": worst, "findings": findings }))?;
        }
        Answer::Text => {
            let colour = takes_colour(&io::stdout());
            let lines = findings.iter().map(|finding| lines(finding, colour));
            out::print(&lines.collect::<String>())?;
        }
    }
    Ok(if ok { exit::OK } else { exit::NO })
}

fn manifest(manifest: &Manifest) -> Finding {
    let what = format!("the manifest is valid: {} tools", manifest.tools.len());
    Finding::new("manifest", Status::Ok, what)
}

/// Whether programs that are called by name are the tool directory's.
fn search_path(project: &Project) -> Finding {
    let bin = project.tool_dir().join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder == bin) {
        return Finding::new("path", Status::Ok, "the tools are on PATH");
    }
    let what = format!("{} is not on this shell's PATH", bin.display());
    Finding::new("path", Status::Warn, what)
        .help(format!("eval \"$(lightship tools env{})\"", project.dir_options()))
}

/// Whether a lightship runs here. None is no fault: tools can be loaded without one.
fn control() -> Finding {
    match ctl::find(None, None, None) {
        Ok(address) => {
            let reached = address.connect();
            let what = format!("a lightship runs here, and listens on {address}");
            match reached {
                Ok(_) => Finding::new("control", Status::Ok, what),
                Err(error) => {
                    let what = format!("{address}, which LOA_CONTROL names, can't be reached");
                    Finding::new("control", Status::Warn, what).detail(error.to_string())
                }
            }
        }
        Err(ctl::CtlError::NotFound { .. }) => {
            let what = "no lightship runs here as PID 1";
            Finding::new("control", Status::Ok, what)
        }
        Err(error) => Finding::new("control", Status::Warn, error.to_string()),
    }
}

fn lines(finding: &Finding, colour: bool) -> String {
    let (word, code) = match finding.status {
        Status::Ok => ("ok  ", "32"),
        Status::Warn => ("warn", "33"),
        Status::Fail => ("FAIL", "1;31"),
    };
    let word = if colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() };
    let mut text = format!("{word}  {}\n", finding.what);
    let more = finding.detail.as_ref().filter(|_| finding.status > Status::Ok);
    for (label, line) in [("", more), ("help: ", finding.help.as_ref())] {
        if let Some(line) = line {
            text.push_str("      ");
            text.push_str(label);
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_and_details_for_what_is_wrong() {
        let finding = Finding::new("x", Status::Warn, "w").detail("d").help("h");
        assert_eq!(lines(&finding, false), "warn  w\n      d\n      help: h\n");
        assert!(lines(&finding, true).starts_with("\u{1b}[33mwarn\u{1b}[0m"));
        let finding = Finding::new("x", Status::Ok, "w").detail("d");
        assert_eq!(lines(&finding, false), "ok    w\n");
    }
}
