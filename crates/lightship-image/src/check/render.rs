//! A verdict for people, on a terminal and in a pull request.

use std::fmt::Write as _;

use super::{Part, Rule, Unit, Verdict};
use crate::measure::printable;
use crate::text::{Side, bytes, escape, markdown as markdown_table};

/// The verdict as lines: the answer first, then each rule.
pub fn text(verdict: &Verdict) -> String {
    let mut text = format!("{}  {}\n", word(verdict), summary(verdict));
    for rule in &verdict.rules {
        let mark = if rule.holds { "ok  " } else { "OVER" };
        writeln!(text, "  {mark}  {}: {}", printable(rule.name.as_bytes()), said(rule))
            .unwrap_or_default();
        if !rule.holds {
            for part in &rule.by {
                writeln!(text, "          {:>9}  {}", bytes(part.size), part.name)
                    .unwrap_or_default();
            }
        }
    }
    for note in &verdict.notes {
        writeln!(text, "  note  {}", printable(note.as_bytes())).unwrap_or_default();
    }
    text
}

/// The verdict for a pull request.
pub fn markdown(verdict: &Verdict) -> String {
    let mut text = format!("### {}: {}\n\n", word(verdict), escape(&summary(verdict)));
    let mut rows =
        vec![["", "rule", "limit", "actual", "over", "most of it"].map(str::to_owned).to_vec()];
    for rule in &verdict.rules {
        let part = |part: &Part| format!("{} {}", part.name, bytes(part.size));
        let by: Vec<String> = rule.by.iter().take(3).map(part).collect();
        rows.push(vec![
            if rule.holds { "ok" } else { "OVER" }.to_owned(),
            rule.name.clone(),
            shown(rule.unit, rule.limit),
            shown(rule.unit, rule.actual),
            if rule.holds { String::new() } else { shown(rule.unit, rule.over) },
            if rule.holds { String::new() } else { by.join(", ") },
        ]);
    }
    let sides = [Side::Left, Side::Left, Side::Right, Side::Right, Side::Right, Side::Left];
    text.push_str(&markdown_table(&sides, &rows));
    for note in &verdict.notes {
        writeln!(text, "\nNote: {}", escape(note)).unwrap_or_default();
    }
    text
}

fn word(verdict: &Verdict) -> &'static str {
    if verdict.go { "GO" } else { "NO-GO" }
}

fn summary(verdict: &Verdict) -> String {
    let missed = verdict.rules.iter().filter(|rule| !rule.holds).count();
    let size = match verdict.total.packed {
        0 => format!("{} unpacked", bytes(verdict.total.unpacked)),
        packed => {
            format!("{} unpacked, {} compressed", bytes(verdict.total.unpacked), bytes(packed))
        }
    };
    let kept = match (missed, verdict.rules.len()) {
        (0, 1) => "the one limit holds".to_owned(),
        (0, all) => format!("all {all} limits hold"),
        (missed, all) => format!("{missed} of {all} limits missed"),
    };
    format!("{}: {size}; {kept}", printable(verdict.image.as_bytes()))
}

fn said(rule: &Rule) -> String {
    let mut said = format!("{} of {}", shown(rule.unit, rule.actual), shown(rule.unit, rule.limit));
    if !rule.holds {
        write!(said, ", {} over", shown(rule.unit, rule.over)).unwrap_or_default();
    }
    if let Some(because) = &rule.because {
        write!(said, " ({because})").unwrap_or_default();
    }
    said
}

fn shown(unit: Unit, number: u64) -> String {
    match unit {
        Unit::Bytes => bytes(number),
        Unit::Count => number.to_string(),
    }
}
