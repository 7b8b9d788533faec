//! The measurement as tables. Each sums to a whole, which its last lines tell: what is left out
//! for room, what is unowned, what is dead.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::entry::{EntryId, Fate, How};
use super::owner::{Owner, OwnerKind};
use super::paths::PathId;
use super::sizes::Sizes;
use super::{Entry, Measurement};

/// A line of a table: something, and what it weighs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub name: String,
    /// Files, links and directories, or whatever else the table counts.
    pub count: usize,
    #[serde(flatten)]
    pub sizes: Sizes,
}

/// Live bytes of one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnerRow {
    pub kind: OwnerKind,
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    pub count: usize,
    #[serde(flatten)]
    pub sizes: Sizes,
}

/// One live file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRow {
    pub path: String,
    pub layer: u32,
    pub owner: String,
    #[serde(flatten)]
    pub sizes: Sizes,
}

/// Dead bytes of one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadRow {
    pub path: String,
    pub shipped_by: u32,
    pub hidden_by: u32,
    pub how: How,
    pub metadata_only: bool,
    #[serde(flatten)]
    pub sizes: Sizes,
}

/// Live files of the same content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Duplicate {
    /// SHA-256 of the content.
    pub sha256: String,
    /// In the order of the entries; the first is the one that could stay.
    pub paths: Vec<String>,
    /// Of all but the first.
    #[serde(flatten)]
    pub reclaimable: Sizes,
}

impl Measurement {
    /// Live bytes by directory, each path counted at its directory of at most `depth` parts:
    /// largest first, without overlap, so that they sum to what is live.
    pub fn directories(&self, depth: usize) -> Vec<Row> {
        // Ids of what is in a directory are above its own.
        let mut depths: Vec<usize> = Vec::with_capacity(self.paths.len());
        let mut counted_at: Vec<PathId> = Vec::with_capacity(self.paths.len());
        for place in 0..self.paths.len() {
            let path = PathId(u32::try_from(place).unwrap_or(u32::MAX));
            let above = self.paths.parent(path);
            let deep =
                above.and_then(|above| depths.get(above.0 as usize)).map_or(0, |deep| deep + 1);
            let at = match above.and_then(|above| counted_at.get(above.0 as usize)) {
                Some(above) if deep > depth => *above,
                _ => path,
            };
            depths.push(deep);
            counted_at.push(at);
        }
        let mut sums: HashMap<PathId, (usize, Sizes)> = HashMap::new();
        for (_, entry, at) in self.live() {
            // What is no directory is counted where it lies.
            let is_directory = matches!(entry.kind, super::Kind::Directory);
            let at = if is_directory { at } else { self.paths.parent(at).unwrap_or(at) };
            let at = counted_at.get(at.0 as usize).copied().unwrap_or(at);
            let (count, sizes) = sums.entry(at).or_default();
            *count += 1;
            *sizes += entry.sizes;
        }
        let row = |(path, (count, sizes))| Row { name: self.paths.text(path), count, sizes };
        let mut rows: Vec<Row> = sums.into_iter().map(row).collect();
        rows.sort_by(|a, b| b.sizes.cmp(&a.sizes).then_with(|| a.name.cmp(&b.name)));
        rows
    }

    /// Live bytes by owner, largest first, what is unowned among them: they sum to what is
    /// live.
    pub fn by_owner(&self) -> Vec<OwnerRow> {
        let mut sums = vec![(0, Sizes::default()); self.owners.len().max(1)];
        for (_, entry, _) in self.live() {
            if let Some((count, sizes)) = sums.get_mut(entry.owner.0 as usize) {
                *count += 1;
                *sizes += entry.sizes;
            }
        }
        let versions: HashMap<(&str, Option<&str>), &str> = self
            .packages
            .iter()
            .flat_map(|package| {
                let version = package.version.as_str();
                let name = package.name.as_str();
                [((name, Some(package.architecture.as_str())), version), ((name, None), version)]
            })
            .collect();
        let version = |owner: &Owner| match owner {
            Owner::Debian(name) => {
                let key = match name.split_once(':') {
                    Some((name, architecture)) => (name, Some(architecture)),
                    None => (name.as_str(), None),
                };
                versions.get(&key).copied().unwrap_or_default().to_owned()
            }
            Owner::Tool { version, .. } | Owner::Npm { version, .. } => version.clone(),
            Owner::Nobody | Owner::Binary(_) => String::new(),
        };
        let rows = self.owners.iter().zip(sums).map(|(owner, (count, sizes))| OwnerRow {
            kind: owner.kind(),
            name: owner.name().to_owned(),
            version: version(owner),
            count,
            sizes,
        });
        let mut rows: Vec<OwnerRow> = rows.collect();
        rows.sort_by(|a, b| b.sizes.cmp(&a.sizes).then_with(|| a.name.cmp(&b.name)));
        rows
    }

    /// Live files, largest first.
    pub fn largest(&self, top: usize) -> Vec<FileRow> {
        let mut files: Vec<(&Entry, PathId)> = self
            .live()
            .filter(|(_, entry, _)| entry.is_file())
            .map(|(_, entry, at)| (entry, at))
            .collect();
        files.sort_by_key(|(entry, at)| (std::cmp::Reverse(entry.sizes), *at));
        files
            .into_iter()
            .take(top)
            .map(|(entry, at)| FileRow {
                path: self.paths.text(at),
                layer: entry.layer,
                owner: self.owner(entry.owner).name().to_owned(),
                sizes: entry.sizes,
            })
            .collect()
    }

    /// Dead entries that shipped something, largest first.
    pub fn dead(&self, top: usize) -> Vec<DeadRow> {
        let mut dead: Vec<(&Entry, u32, How, bool)> = self
            .entries
            .iter()
            .filter_map(|entry| match entry.fate {
                Fate::Dead { by, how, metadata_only } if entry.is_file() => {
                    Some((entry, by, how, metadata_only))
                }
                _ => None,
            })
            .collect();
        dead.sort_by_key(|(entry, ..)| (std::cmp::Reverse(entry.sizes), entry.path, entry.layer));
        dead.into_iter()
            .take(top)
            .map(|(entry, by, how, metadata_only)| DeadRow {
                path: self.paths.text(entry.path),
                shipped_by: entry.layer,
                hidden_by: by,
                how,
                metadata_only,
                sizes: entry.sizes,
            })
            .collect()
    }

    /// Dead bytes by who shipped them, who hides them, and how.
    pub fn dead_by_layer(&self) -> BTreeMap<(u32, u32, How), Sizes> {
        let mut sums = BTreeMap::new();
        for entry in &self.entries {
            if let Fate::Dead { by, how, .. } = entry.fate {
                *sums.entry((entry.layer, by, how)).or_default() += entry.sizes;
            }
        }
        sums
    }

    /// Dead for nothing but another mode, owner or time: a part of what is dead.
    pub fn metadata_only(&self) -> Sizes {
        let only = |entry: &&Entry| matches!(entry.fate, Fate::Dead { metadata_only: true, .. });
        self.entries.iter().filter(only).map(|entry| entry.sizes).sum()
    }

    /// Live files of the same content that are no hard links of each other, most to gain first.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        let mut groups: HashMap<[u8; 32], Vec<EntryId>> = HashMap::new();
        for (id, entry, _) in self.live() {
            if let Some(digest) = entry.digest.filter(|_| entry.sizes.unpacked > 0) {
                groups.entry(digest).or_default().push(id);
            }
        }
        let mut duplicates: Vec<Duplicate> = groups
            .into_iter()
            .filter(|(_, ids)| ids.len() > 1)
            .map(|(digest, ids)| {
                let entries = || ids.iter().filter_map(|id| self.entry(*id));
                let paths = entries().filter_map(Entry::live_at);
                Duplicate {
                    sha256: hexadecimal(&digest),
                    paths: paths.map(|path| self.paths.text(path)).collect(),
                    reclaimable: entries().skip(1).map(|entry| entry.sizes).sum(),
                }
            })
            .collect();
        duplicates.sort_by(|a, b| {
            b.reclaimable.cmp(&a.reclaimable).then_with(|| a.sha256.cmp(&b.sha256))
        });
        duplicates
    }

    /// What of a layer lives.
    pub fn live_by_layer(&self) -> Vec<Sizes> {
        let mut sums = vec![Sizes::default(); self.layers.len()];
        for (_, entry, _) in self.live() {
            if let Some(sum) = sums.get_mut(entry.layer as usize) {
                *sum += entry.sizes;
            }
        }
        sums
    }
}

fn hexadecimal(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` can't fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
