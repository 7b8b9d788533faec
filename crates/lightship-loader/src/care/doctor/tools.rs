//! How the tools stand, and whether their receipts can be read.

use super::{Context, Finding, Status};
use crate::care::retire;
use crate::care::verify::{Standing, judge, look};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let (wanted, observed) = match look(context.manifest, &context.dir) {
        Ok(found) => found,
        Err(error) => {
            let finding = Finding::new("tools", Status::Fail, "the receipts can't be read");
            return vec![finding.detail(crate::chain(&error)).help(error.help())];
        }
    };
    let verdicts = judge(&context.dir, &wanted, &observed, &[], false);
    let count = |standing| verdicts.iter().filter(|found| found.status == standing).count();
    let what = format!(
        "of {} tools {} are installed and hold, {} are damaged, {} are not installed",
        verdicts.len(),
        count(Standing::Good),
        count(Standing::Damaged),
        count(Standing::Absent)
    );
    let damaged: Vec<String> = verdicts
        .iter()
        .filter(|found| found.status == Standing::Damaged)
        .map(|found| format!("{}: {}", found.name, found.reason.as_deref().unwrap_or_default()))
        .collect();
    let mut findings = vec![if damaged.is_empty() {
        Finding::new("tools", Status::Ok, what)
    } else {
        Finding::new("tools", Status::Fail, what)
            .detail(damaged.join("; "))
            .help("`lightship tools repair` installs them again; so does the next start")
    }];
    if !observed.receipts.unreadable.is_empty() {
        let paths = observed.receipts.unreadable.iter().map(|path| path.display().to_string());
        let what = format!("{} receipts can't be read", paths.len());
        let finding = Finding::new("receipts", Status::Warn, what);
        let finding = finding.detail(paths.collect::<Vec<_>>().join(", "));
        findings.push(finding.help("`lightship tools repair` sets them aside"));
    }
    let retired: Vec<u64> = observed
        .receipts
        .by_slug
        .iter()
        .filter(|(slug, _)| retire::since(&context.dir, slug).is_some())
        .map(|(_, receipt)| receipt.bytes)
        .collect();
    if !retired.is_empty() {
        let megabytes = retired.iter().sum::<u64>() / 1_000_000;
        let what = format!("{} retired tools take {megabytes} MB", retired.len());
        let finding = Finding::new("retired", Status::Ok, what);
        findings.push(finding.help("`lightship tools gc` removes them after seven days"));
    }
    findings
}
