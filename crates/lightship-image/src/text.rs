//! Sizes and tables for people.

/// Bytes in the decimal unit that leaves one to three digits before the point, as registries and
/// engines print them: `588.1 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    // What would be shown as 1000.0 of a unit is 1.0 of the next.
    let fits = |(unit, _): &&(u64, &str)| bytes >= unit - unit / 20_000;
    match UNITS.iter().find(fits) {
        Some((unit, name)) => {
            let tenths = (u128::from(bytes) * 20 / u128::from(*unit)).div_ceil(2);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

/// A difference, always with its sign.
pub fn difference(from: u64, to: u64) -> String {
    match (to.cmp(&from), from.abs_diff(to)) {
        (std::cmp::Ordering::Equal, _) => "0".to_owned(),
        (std::cmp::Ordering::Greater, more) => format!("+{}", bytes(more)),
        (std::cmp::Ordering::Less, less) => format!("-{}", bytes(less)),
    }
}

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// Rows with their columns aligned, two blanks between them; the first row is the head.
pub fn table(sides: &[Side], rows: &[Vec<String>]) -> String {
    let length = |cell: &String| cell.chars().count();
    let widths: Vec<usize> = (0..sides.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(length).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(sides).zip(&widths).map(|((cell, side), width)| match side {
            Side::Left => format!("{cell:<width$}"),
            Side::Right => format!("{cell:>width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The same rows as Markdown.
pub fn markdown(sides: &[Side], rows: &[Vec<String>]) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| {
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let mut rows = rows.iter().map(|row| line(&mut row.iter().map(|cell| escape(cell))));
    let rule = sides.iter().map(|side| match side {
        Side::Left => ":--".to_owned(),
        Side::Right => "--:".to_owned(),
    });
    let head = rows.next().unwrap_or_default();
    [head, line(&mut { rule })].into_iter().chain(rows).collect()
}

/// Text that Markdown shows as it is, in one line: names in an image may be anything.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            character if character.is_control() => out.push(' '),
            character => {
                if "\\`*_[]|~!".contains(character) {
                    out.push('\\');
                }
                out.push(character);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit_behind_the_point() {
        for (size, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_951, "1.0 MB"),
            (588_100_000, "588.1 MB"),
            (3_120_000_000, "3.1 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(bytes(size), shown);
        }
        assert_eq!(difference(5, 5), "0");
        assert_eq!(difference(1000, 0), "-1.0 kB");
        assert_eq!(difference(0, 2_000_000), "+2.0 MB");
    }

    #[test]
    fn tables_are_aligned_and_markdown_shows_hostile_names_as_they_are() {
        let rows =
            [vec!["a".to_owned(), "size".to_owned()], vec!["<b>|\n".to_owned(), "1".to_owned()]];
        let sides = [Side::Left, Side::Right];
        assert_eq!(
            table(&sides, &[rows[0].clone(), vec!["bbb".into(), "1".into()]]),
            "a    size\nbbb     1\n"
        );
        assert_eq!(markdown(&sides, &rows), "| a | size |\n| :-- | --: |\n| &lt;b&gt;\\|  | 1 |\n");
    }
}
