//! A measurement as tables for people, in megabytes of a million bytes.

use std::fmt::Write as _;

use lightship_image::measure::{Measurement, OwnerKind, Sizes, printable};

use super::{By, Extent};

/// Of what made a layer, in characters.
const LONGEST_COMMAND: usize = 60;

pub(super) fn of(measurement: &Measurement, extent: &Extent) -> String {
    let mut page = Page { text: String::new(), packed: measurement.is_packed() };
    head(&mut page, measurement);
    for by in &extent.by {
        match by {
            By::Layers => layers(&mut page, measurement),
            By::Dirs => directories(&mut page, measurement, extent),
            By::Packages => packages(&mut page, measurement, extent.top),
            By::Npm => npm(&mut page, measurement, extent.top),
            By::Files => files(&mut page, measurement, extent.top),
            By::Dead => dead(&mut page, measurement, extent.top),
            By::Duplicates => duplicates(&mut page, measurement, extent.top),
        }
    }
    if !measurement.warnings.is_empty() {
        page.title("WARNINGS");
        for warning in &measurement.warnings {
            page.line(warning);
        }
    }
    page.text
}

/// What was written so far.
struct Page {
    text: String,
    packed: bool,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        // A directory is not packed.
        let packed = if self.packed { "    PACKED" } else { "" };
        self.text.push('\n');
        self.line(&format!("  UNPACKED{packed}  {title}"));
    }

    fn row(&mut self, sizes: Sizes, what: &str) {
        let packed =
            if self.packed { format!("{:>10}", megabytes(sizes.packed)) } else { String::new() };
        self.line(&format!("{:>10}{packed}  {what}", megabytes(sizes.unpacked)));
    }

    /// Rows up to `top`; the others as one.
    fn rows(&mut self, rows: Vec<(Sizes, String)>, top: usize) {
        let others = rows.len().saturating_sub(top);
        let rest: Sizes = rows.iter().skip(top).map(|(sizes, _)| *sizes).sum();
        for (sizes, what) in rows.into_iter().take(top) {
            self.row(sizes, &what);
        }
        if others > 0 {
            self.row(rest, &format!("({others} more)"));
        }
    }

    /// The end of a table of what lives.
    fn whole(&mut self, measurement: &Measurement) {
        self.row(measurement.dead_total(), "(dead)");
        self.row(measurement.shipped_total(), "= shipped");
    }
}

/// Millions of bytes with two digits behind the point.
fn megabytes(bytes: u64) -> String {
    let hundredths = (bytes + 5000) / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn head(page: &mut Page, measurement: &Measurement) {
    let platform = measurement.platform.as_ref().map(|platform| format!(", {platform}"));
    let format = serde_json::to_value(measurement.format).unwrap_or_default();
    page.line(&format!(
        "{}: {}{}, {}, {}",
        measurement.name,
        format.as_str().unwrap_or_default(),
        platform.as_deref().map(|text| printable(text.as_bytes())).unwrap_or_default(),
        counted(measurement.layers.len(), "layer"),
        counted(measurement.entries.len(), "entry"),
    ));
    let dead = measurement.dead_total();
    let duplicate = measurement.duplicates().iter().map(|group| group.reclaimable).sum();
    page.title("MB");
    page.row(measurement.shipped_total(), "shipped");
    page.row(measurement.live_total(), "live");
    page.row(dead, "dead");
    page.row(measurement.metadata_only(), "  of that by changes of mode, owner or time alone");
    page.row(duplicate, "duplicates");
    page.row(dead + duplicate, "reclaimable (dead and duplicates)");
}

fn counted(count: usize, what: &str) -> String {
    match (count, what) {
        (1, what) => format!("1 {what}"),
        (count, "entry") => format!("{count} entries"),
        (count, what) => format!("{count} {what}s"),
    }
}

fn layers(page: &mut Page, measurement: &Measurement) {
    let live = measurement.live_by_layer();
    page.title("LAYER");
    for (place, (layer, live)) in measurement.layers.iter().zip(live).enumerate() {
        let dead = layer.shipped.unpacked.saturating_sub(live.unpacked);
        let mut what = format!(
            "{place}: {}, {}",
            layer.compression.name(),
            counted(usize::try_from(layer.entries).unwrap_or(usize::MAX), "entry"),
        );
        if dead > 0 {
            // Writing to a `String` can't fail.
            write!(what, ", dead {}", megabytes(dead)).unwrap_or_default();
        }
        if let Some(made) = &layer.created_by {
            let made: String = printable(made.as_bytes());
            let short: String = made.chars().take(LONGEST_COMMAND).collect();
            let more = if short.len() < made.len() { "…" } else { "" };
            write!(what, ": {short}{more}").unwrap_or_default();
        }
        page.row(layer.shipped, &what);
    }
    page.row(measurement.shipped_total(), "= shipped");
}

fn directories(page: &mut Page, measurement: &Measurement, extent: &Extent) {
    page.title("DIRECTORY");
    let rows = measurement.directories(extent.depth);
    page.rows(rows.into_iter().map(|row| (row.sizes, row.name)).collect(), extent.top);
    page.whole(measurement);
}

fn packages(page: &mut Page, measurement: &Measurement, top: usize) {
    page.title("PACKAGE");
    let mut rows = measurement.by_owner();
    let unowned = rows.iter().position(|row| row.kind == OwnerKind::Unowned);
    let unowned = unowned.map(|at| rows.remove(at));
    let name = |kind: OwnerKind, name: String, version: &str| {
        format!("{kind:<8}{name} {}", printable(version.as_bytes()))
    };
    let rows = rows.into_iter().map(|row| (row.sizes, name(row.kind, row.name, &row.version)));
    page.rows(rows.collect(), top);
    if let Some(row) = unowned {
        page.row(row.sizes, "(unowned)");
    }
    page.whole(measurement);
}

fn npm(page: &mut Page, measurement: &Measurement, top: usize) {
    page.title("NPM PACKAGE");
    let rows = measurement.by_owner().into_iter().filter(|row| row.kind == OwnerKind::Npm);
    let rows = rows.map(|row| (row.sizes, format!("{} {}", row.name, row.version)));
    let rows: Vec<_> = rows.collect();
    let all: Sizes = rows.iter().map(|(sizes, _)| *sizes).sum();
    page.rows(rows, top);
    page.row(all, "= npm");
}

fn files(page: &mut Page, measurement: &Measurement, top: usize) {
    page.title("FILE");
    let rows = measurement.largest(usize::MAX);
    let files: Sizes = rows.iter().map(|row| row.sizes).sum();
    page.rows(rows.into_iter().map(|row| (row.sizes, row.path)).collect(), top);
    let live = measurement.live_total();
    let others = Sizes::new(
        live.unpacked.saturating_sub(files.unpacked),
        live.packed.saturating_sub(files.packed),
    );
    page.row(others, "(directories and links)");
    page.whole(measurement);
}

fn dead(page: &mut Page, measurement: &Measurement, top: usize) {
    page.title("DEAD");
    let all = measurement.dead(usize::MAX);
    let files: Sizes = all.iter().map(|row| row.sizes).sum();
    let rows = all.into_iter().map(|row| {
        let how = serde_json::to_value(row.how).unwrap_or_default();
        let only = if row.metadata_only { ", the content is the same" } else { "" };
        let what = format!(
            "{}: layer {}, hidden by layer {} ({}{only})",
            row.path,
            row.shipped_by,
            row.hidden_by,
            how.as_str().unwrap_or_default()
        );
        (row.sizes, what)
    });
    page.rows(rows.collect(), top);
    let whole = measurement.dead_total();
    let others = Sizes::new(
        whole.unpacked.saturating_sub(files.unpacked),
        whole.packed.saturating_sub(files.packed),
    );
    page.row(others, "(directories, links and whiteouts)");
    page.row(whole, "= dead");
}

fn duplicates(page: &mut Page, measurement: &Measurement, top: usize) {
    page.title("DUPLICATE");
    let groups = measurement.duplicates();
    let all: Sizes = groups.iter().map(|group| group.reclaimable).sum();
    let rows = groups.into_iter().map(|group| {
        let first = group.paths.first().cloned().unwrap_or_default();
        let others = group.paths.len().saturating_sub(2);
        let mut what = format!("{first} = {}", group.paths.get(1).cloned().unwrap_or_default());
        if others > 0 {
            write!(what, " and {others} more").unwrap_or_default();
        }
        (group.reclaimable, what)
    });
    page.rows(rows.collect(), top);
    page.row(all, "= duplicates");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn megabytes_are_of_a_million_bytes() {
        assert_eq!(megabytes(381_121_040), "381.12");
        assert_eq!(megabytes(4_999), "0.00");
        assert_eq!(megabytes(5_000), "0.01");
    }
}
