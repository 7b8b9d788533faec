//! Is the audit trail what was written?

use super::{Context, Finding, Status};
use crate::care::trail;

const ID: &str = "audit";

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let report = match trail::verify(context.dir.root()) {
        Ok(report) => report,
        Err(error) => {
            let finding = Finding::new(ID, Status::Fail, "the audit trail can't be read");
            return vec![finding.detail(crate::chain(&error)).help(error.help())];
        }
    };
    let (status, remarks) = match (&report.problems, &report.warnings) {
        (problems, _) if !problems.is_empty() => (Status::Fail, problems),
        (_, warnings) if !warnings.is_empty() => (Status::Warn, warnings),
        (none, _) => (Status::Ok, none),
    };
    let what = match status {
        Status::Ok => format!("the audit trail holds: {} lines", report.lines),
        Status::Warn => {
            format!("the audit trail holds, with a trace of a crash: {} lines", report.lines)
        }
        Status::Fail => "the audit trail is not what was written".to_owned(),
    };
    let finding = Finding::new(ID, status, what);
    vec![match remarks.first() {
        Some(first) => finding
            .detail(format!("line {} {}", first.line, first.what))
            .help("`lightship audit verify` shows every place"),
        None => finding,
    }]
}
