//! Images side by side: what each part weighs in each of them.

mod render;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::render::text;
use crate::measure::{Measurement, OwnerKind, PathId, Sizes};
use crate::tally;

/// Directories are compared down to this depth.
const DEEPEST: usize = 3;
/// Rows of directories and of files that are kept, those that differ most.
const MOST_ROWS: usize = 200;

/// Two or more images, the first of which the others are held against.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub images: Vec<String>,
    /// Shipped, live, dead, duplicates.
    pub totals: Vec<Row>,
    /// In the order of the images; a layer that several have is one row.
    pub layers: Vec<Row>,
    /// Those that differ, live bytes at and below.
    pub directories: Vec<Row>,
    /// Debian packages, tools, npm packages, single binaries and what nobody owns.
    pub owners: Vec<Row>,
    /// Those that differ in content, or that not all have.
    pub files: Vec<Row>,
    /// Of directories and files, how many more differ than are listed.
    pub left_out: [usize; 2],
}

/// One part of the images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<OwnerKind>,
    /// By image; nothing where it is not there.
    pub sizes: Vec<Option<Sizes>>,
    /// By image but the first: how much more it weighs there.
    pub difference: Vec<Difference>,
    /// By image, where versions are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
}

/// How much more, or less, something weighs than in the first image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub unpacked: i64,
    pub packed: i64,
}

impl Row {
    fn new(name: String, sizes: Vec<Option<Sizes>>) -> Self {
        let size = |at: usize| sizes.get(at).copied().flatten().unwrap_or_default();
        let first = size(0);
        let difference = (1..sizes.len())
            .map(|at| Difference {
                unpacked: minus(size(at).unpacked, first.unpacked),
                packed: minus(size(at).packed, first.packed),
            })
            .collect();
        Self { name, kind: None, sizes, difference, versions: Vec::new() }
    }

    /// Whether the images differ in it.
    pub fn differs(&self) -> bool {
        let versions = self.versions.windows(2).any(|two| two[0] != two[1]);
        versions || self.sizes.windows(2).any(|two| two[0] != two[1])
    }

    /// How far the images are apart in it.
    fn weight(&self) -> (u64, u64) {
        let most = |of: fn(&Difference) -> i64| {
            self.difference.iter().map(|it| of(it).unsigned_abs()).max().unwrap_or(0)
        };
        (most(|it| it.unpacked), most(|it| it.packed))
    }
}

fn minus(to: u64, from: u64) -> i64 {
    let apart = i64::try_from(to.abs_diff(from)).unwrap_or(i64::MAX);
    if to < from { -apart } else { apart }
}

/// Holds images against the first of them.
pub fn compare(images: &[&Measurement]) -> Comparison {
    let (directories, more_directories) = cut(directories(images));
    let (files, more_files) = cut(files(images));
    Comparison {
        images: images.iter().map(|image| image.name.clone()).collect(),
        totals: totals(images),
        layers: layers(images),
        directories,
        owners: owners(images),
        files,
        left_out: [more_directories, more_files],
    }
}

fn totals(images: &[&Measurement]) -> Vec<Row> {
    let row = |name: &str, of: &dyn Fn(&Measurement) -> Sizes| {
        Row::new(name.to_owned(), images.iter().map(|image| Some(of(image))).collect())
    };
    vec![
        row("shipped", &Measurement::shipped_total),
        row("live", &Measurement::live_total),
        row("dead", &Measurement::dead_total),
        row("duplicates", &tally::duplicate_total),
    ]
}

/// A table by key: what each image has there.
fn merge<K: Ord, V>(tables: Vec<BTreeMap<K, V>>) -> BTreeMap<K, Vec<Option<V>>> {
    let count = tables.len();
    let mut merged: BTreeMap<K, Vec<Option<V>>> = BTreeMap::new();
    for (at, table) in tables.into_iter().enumerate() {
        for (key, value) in table {
            let row = merged.entry(key).or_insert_with(|| (0..count).map(|_| None).collect());
            row[at] = Some(value);
        }
    }
    merged
}

fn layers(images: &[&Measurement]) -> Vec<Row> {
    let mut rows: Vec<(String, Vec<Option<Sizes>>)> = Vec::new();
    for (at, image) in images.iter().enumerate() {
        let mut taken = vec![false; rows.len()];
        for (number, layer) in image.layers.iter().enumerate() {
            let digest = layer.diff_id.as_ref().map(ToString::to_string);
            let digest = digest.or_else(|| layer.digest.as_ref().map(|it| it.0.to_string()));
            let name = match digest {
                Some(digest) => digest.chars().take(12).collect(),
                None => format!("layer {}", number + 1),
            };
            let known = (0..taken.len()).find(|row| rows[*row].0 == name && !taken[*row]);
            let row = known.unwrap_or_else(|| {
                rows.push((name, vec![None; images.len()]));
                rows.len() - 1
            });
            if let Some(taken) = taken.get_mut(row) {
                *taken = true;
            }
            rows[row].1[at] = Some(layer.shipped);
        }
    }
    rows.into_iter().map(|(name, sizes)| Row::new(name, sizes)).collect()
}

fn directories(images: &[&Measurement]) -> Vec<Row> {
    let table = |image: &&Measurement| {
        let sums = tally::paths(image);
        let is_directory = |id: &PathId| image.paths.children(*id).next().is_some();
        let all = (0..).map(PathId).take(sums.len()).filter(is_directory);
        all.filter(|id| tally::depth(image, *id) <= DEEPEST)
            .map(|id| (image.paths.text(id), sums[id.0 as usize]))
            .filter(|(_, sizes)| *sizes != Sizes::default())
            .collect()
    };
    let merged = merge(images.iter().map(table).collect());
    sorted(merged.into_iter().map(|(name, sizes)| Row::new(name, sizes)))
}

fn owners(images: &[&Measurement]) -> Vec<Row> {
    let merged = merge(images.iter().map(|image| tally::owners(image)).collect());
    let row = |(key, owned): (tally::OwnerKey, Vec<Option<tally::Owned>>)| {
        let versions: Vec<String> = owned
            .iter()
            .map(|it| it.as_ref().map_or(String::new(), |it| it.versions.join(", ")))
            .collect();
        let sizes = owned.into_iter().map(|it| it.map(|it| it.sizes)).collect();
        let has_versions = versions.iter().any(|version| !version.is_empty());
        Row {
            kind: Some(key.kind),
            versions: if has_versions { versions } else { Vec::new() },
            ..Row::new(key.name, sizes)
        }
    };
    let mut rows: Vec<Row> = merged.into_iter().map(row).collect();
    sort(&mut rows);
    rows
}

/// What a file weighs, and the digest of its content.
type Content = (Sizes, Option<[u8; 32]>);

fn files(images: &[&Measurement]) -> Vec<Row> {
    let table = |image: &&Measurement| {
        let files = image.live().filter(|(_, entry, _)| entry.is_file());
        files.map(|(_, it, path)| (image.paths.text(path), (it.sizes, it.digest))).collect()
    };
    let merged: BTreeMap<String, Vec<Option<Content>>> = merge(images.iter().map(table).collect());
    // Packed sizes differ with the neighbours of a file, too: that is no change of it.
    let same = |two: &[Option<Content>]| match (&two[0], &two[1]) {
        (Some(a), Some(b)) => a.0.unpacked == b.0.unpacked && a.1 == b.1,
        _ => false,
    };
    let differing = merged.into_iter().filter(|(_, all)| !all.windows(2).all(same));
    let row = |(name, all): (String, Vec<Option<Content>>)| {
        Row::new(name, all.into_iter().map(|it| it.map(|(sizes, _)| sizes)).collect())
    };
    let mut rows: Vec<Row> = differing.map(row).collect();
    sort(&mut rows);
    rows
}

/// Those that differ, most first.
fn sorted(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.filter(Row::differs).collect();
    sort(&mut rows);
    rows
}

/// What differs most comes first, then what weighs most.
fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| {
        let weight = |row: &Row| (row.weight(), row.sizes.iter().flatten().max().copied());
        weight(b).cmp(&weight(a)).then_with(|| a.name.cmp(&b.name))
    });
}

fn cut(mut rows: Vec<Row>) -> (Vec<Row>, usize) {
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    (rows, more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn image(git: Option<u64>, curl: u64) -> Measurement {
        let mut sample = Sample::new();
        sample.package("curl", "", None);
        sample.file("usr/bin/curl", curl);
        if let Some(size) = git {
            sample.package("git", "", None);
            sample.file("usr/bin/git", size);
            sample.change("git", |package| package.version = format!("2.{size}"));
        }
        sample.measurement()
    }

    #[test]
    fn what_was_added_removed_and_changed_is_told_with_the_difference() {
        let (a, b, c) = (image(None, 100), image(Some(1000), 100), image(Some(3000), 60));
        let all = compare(&[&a, &b, &c]);
        let shipped = &all.totals[0];
        assert_eq!(shipped.difference[0], Difference { unpacked: 1000, packed: 510 });
        assert_eq!(shipped.difference[1].unpacked, 2960);
        let git = &all.owners[0];
        assert_eq!((git.name.as_str(), git.kind), ("git", Some(OwnerKind::Debian)));
        assert_eq!(git.versions, ["", "2.1000", "2.3000"]);
        assert_eq!(git.sizes[0], None);
        let files: Vec<&str> = all.files.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(files, ["usr/bin/git", "usr/bin/curl"]);
        let directories: Vec<&str> = all.directories.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(directories, [".", "usr", "usr/bin"]);
    }

    #[test]
    fn an_image_does_not_differ_from_itself() {
        let a = image(Some(5), 5);
        let all = compare(&[&a, &a]);
        assert!(all.files.is_empty() && all.directories.is_empty());
        assert!(all.owners.iter().chain(&all.totals).all(|row| !row.differs()));
        assert_eq!(all.layers.len(), 1);
    }
}
