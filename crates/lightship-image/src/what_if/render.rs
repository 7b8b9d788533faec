//! The answer for people.

use std::fmt::Write as _;

use super::{Candidate, Gone, Level, WhatIf, Why};
use crate::measure::{OwnerKind, Sizes, printable};
use crate::text::{Side, bytes, table};

/// Rows of a table that are shown.
const SHOWN: usize = 15;

/// The answer as text.
pub fn text(answer: &WhatIf) -> String {
    let removed: Vec<String> =
        answer.removed.iter().map(|name| printable(name.as_bytes())).collect();
    let packed = answer.before.packed > 0;
    let mut text =
        format!("{} without {}\n\n", printable(answer.image.as_bytes()), removed.join(", "));
    let line = |name: &str, saved: Sizes| {
        let left = |all: u64, saved: u64| bytes(all.saturating_sub(saved));
        let mut line = vec![
            name.to_owned(),
            format!("-{}", bytes(saved.unpacked)),
            left(answer.before.unpacked, saved.unpacked),
        ];
        if packed {
            line.push(format!("-{}", bytes(saved.packed)));
            line.push(left(answer.before.packed, saved.packed));
        }
        line
    };
    let mut sides = vec![Side::Left, Side::Right, Side::Right];
    let mut head = vec!["", "UNPACKED", "LEFT"];
    if packed {
        sides.extend([Side::Right, Side::Right]);
        head.extend(["COMPRESSED", "LEFT"]);
    }
    let head = head.into_iter().map(str::to_owned).collect();
    let rows = [
        head,
        line("by package", answer.by_package.saved),
        line("as sliced", answer.as_sliced.saved),
    ];
    text.push_str(&table(&sides, &rows));
    level(&mut text, "GOES, BY PACKAGE", &answer.by_package, packed);
    level(&mut text, "GOES, AS SLICED", &answer.as_sliced, packed);
    for warning in &answer.warnings {
        // Writing to a `String` can't fail.
        writeln!(text, "\nnote: {warning}").unwrap_or_default();
    }
    text
}

fn level(text: &mut String, title: &str, level: &Level, packed: bool) {
    let row = |gone: &Gone| {
        let mut row = vec![named(gone.kind, &gone.name), bytes(gone.sizes.unpacked)];
        if packed {
            row.push(bytes(gone.sizes.packed));
        }
        row.push(why(gone));
        row
    };
    let mut sides = vec![Side::Left, Side::Right];
    let mut head = vec![title.to_owned(), "UNPACKED".to_owned()];
    if packed {
        sides.push(Side::Right);
        head.push("COMPRESSED".to_owned());
    }
    sides.push(Side::Left);
    head.push("WHY".to_owned());
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(level.gone.iter().take(SHOWN).map(row)).collect();
    text.push('\n');
    text.push_str(&table(&sides, &rows));
    more(text, level.gone.len());
    if level.broken.is_empty() {
        text.push_str("no program breaks\n");
        return;
    }
    let count = level.broken.len();
    let (verb, plural) = if count == 1 { ("breaks", "") } else { ("break", "s") };
    writeln!(text, "{count} program{plural} {verb}:").unwrap_or_default();
    for broken in level.broken.iter().take(SHOWN) {
        let through = broken.through.as_ref().map(|it| format!(", by way of {it}"));
        let through = through.unwrap_or_default();
        writeln!(text, "  {} misses {}{through}", broken.path, broken.misses).unwrap_or_default();
    }
    more(text, count);
}

fn more(text: &mut String, count: usize) {
    if count > SHOWN {
        writeln!(text, "… and {} more (--format json has them)", count - SHOWN).unwrap_or_default();
    }
}

fn named(kind: OwnerKind, name: &str) -> String {
    match kind {
        OwnerKind::Npm => format!("npm:{name}"),
        _ => name.to_owned(),
    }
}

fn why(gone: &Gone) -> String {
    let other = gone.because.as_deref().unwrap_or_default();
    match gone.why {
        Why::Named => "named".to_owned(),
        Why::Dependant => format!("needs {other}"),
        Why::Unneeded => format!("only for {other}"),
    }
}

/// What could be asked about, as text.
pub fn candidates_text(all: &[Candidate], top: usize) -> String {
    let packed = all.iter().any(|it| it.own.packed > 0);
    let mut sides = vec![Side::Left, Side::Right, Side::Right];
    let mut head = vec!["WHAT COULD GO", "OWN", "WITH IT ALONE"];
    if packed {
        sides.push(Side::Right);
        head.push("COMPRESSED");
    }
    sides.extend([Side::Right, Side::Right]);
    head.extend(["PACKAGES", "NEEDED BY"]);
    let row = |it: &Candidate| {
        let mut row =
            vec![it.name.clone(), bytes(it.own.unpacked), bytes(it.with_closure.unpacked)];
        if packed {
            row.push(bytes(it.with_closure.packed));
        }
        row.extend([(it.alone + 1).to_string(), it.dependants.to_string()]);
        row
    };
    let head = head.into_iter().map(str::to_owned).collect();
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(all.iter().take(top).map(row)).collect();
    let mut text = table(&sides, &rows);
    if all.len() > top {
        writeln!(text, "… and {} more", all.len() - top).unwrap_or_default();
    }
    text
}
