//! A comparison for people.

use std::fmt::Write as _;

use super::{Comparison, Row};
use crate::measure::Sizes;
use crate::text::{Side, bytes, difference, table};

/// Rows of a table that are shown.
const SHOWN: usize = 20;

/// The comparison as text: each image's size, and how far it is from the first.
pub fn text(all: &Comparison) -> String {
    let mut text = String::new();
    let unpacked: fn(&Sizes) -> u64 = |sizes| sizes.unpacked;
    let packed: fn(&Sizes) -> u64 = |sizes| sizes.packed;
    for (at, name) in all.images.iter().enumerate() {
        let letter = letter(at);
        writeln!(text, "{letter} = {}", crate::measure::printable(name.as_bytes()))
            .unwrap_or_default();
    }
    let has_packed =
        all.totals.iter().any(|row| row.sizes.iter().flatten().any(|it| it.packed > 0));
    let mut part = |title: &str, rows: Vec<&Row>, of: fn(&Sizes) -> u64, more: usize| {
        if rows.is_empty() {
            return;
        }
        text.push('\n');
        text.push_str(&one(title, all.images.len(), &rows, of));
        let left = rows.len().saturating_sub(SHOWN) + more;
        if left > 0 {
            writeln!(text, "… and {left} more (--format json has them)").unwrap_or_default();
        }
    };
    part("UNPACKED", all.totals.iter().collect(), unpacked, 0);
    if has_packed {
        part("COMPRESSED", all.totals.iter().collect(), packed, 0);
        part("LAYER, compressed", all.layers.iter().collect(), packed, 0);
    }
    part("LAYER", all.layers.iter().collect(), unpacked, 0);
    let differing = |rows: &'_ [Row]| -> Vec<usize> {
        // Packed alone, it differs by its neighbours: that is no change of it.
        let changed = |row: &Row| {
            row.difference.iter().any(|it| it.unpacked != 0)
                || row.versions.windows(2).any(|two| two[0] != two[1])
        };
        (0..rows.len()).filter(|row| changed(&rows[*row])).collect()
    };
    part("DIRECTORY", all.directories.iter().collect(), unpacked, all.left_out[0]);
    let owners = differing(&all.owners).into_iter().map(|row| &all.owners[row]).collect();
    part("PACKAGE", owners, unpacked, 0);
    part("FILE", all.files.iter().collect(), unpacked, all.left_out[1]);
    if all.files.is_empty() {
        text.push_str("\nno file differs\n");
    }
    text
}

fn letter(at: usize) -> String {
    u8::try_from(at)
        .ok()
        .filter(|at| *at < 26)
        .map_or_else(|| format!("image {}", at + 1), |at| char::from(b'A' + at).to_string())
}

fn one(title: &str, images: usize, rows: &[&Row], of: fn(&Sizes) -> u64) -> String {
    let mut sides = vec![Side::Left, Side::Right];
    let mut head = vec![title.to_owned(), letter(0)];
    for at in 1..images {
        sides.extend([Side::Right, Side::Right]);
        head.extend([letter(at), format!("{} - {}", letter(at), letter(0))]);
    }
    let line = |row: &&Row| {
        let size = |at: usize| row.sizes.get(at).and_then(Option::as_ref).map(of);
        let shown = |at| size(at).map_or_else(|| "-".to_owned(), bytes);
        let mut line = vec![label(row), shown(0)];
        for at in 1..images {
            let apart = difference(size(0).unwrap_or(0), size(at).unwrap_or(0));
            line.extend([shown(at), apart]);
        }
        line
    };
    let lines: Vec<Vec<String>> =
        std::iter::once(head).chain(rows.iter().take(SHOWN).map(line)).collect();
    table(&sides, &lines)
}

/// The name, with kind and versions.
fn label(row: &Row) -> String {
    let mut label = row.name.clone();
    match row.kind {
        Some(crate::measure::OwnerKind::Debian) | None => {}
        Some(crate::measure::OwnerKind::Unowned) => "unowned files".clone_into(&mut label),
        Some(kind) => label = format!("{kind} {label}"),
    }
    let mut versions: Vec<&str> = row.versions.iter().map(String::as_str).collect();
    versions.retain(|version| !version.is_empty());
    versions.dedup();
    if versions.len() > 1 {
        write!(label, " {}", versions.join(" → ")).unwrap_or_default();
    }
    label
}
