//! Packages of one or more suites, kept small: their text in one piece, and two sorted lists to
//! find them by. Debian's main component is 63,000 packages and 50 MB of text; here it takes
//! about 26 MB.

use std::cmp::Ordering;
use std::io::{self, BufRead};

use lightship_model::digest::Digest;

use crate::control::{Paragraph, Paragraphs};
use crate::relation;
use crate::version::compare;

/// A package in an [`Index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u32);

/// A part of the text.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    length: u32,
}

/// The fields that are kept, in the order of a package's spans.
const FIELDS: [&str; 10] = [
    "Package",
    "Version",
    "Architecture",
    "Pre-Depends",
    "Depends",
    "Provides",
    "Conflicts",
    "Breaks",
    "Filename",
    "SHA256",
];

#[derive(Clone, Copy, Debug)]
struct Entry {
    spans: [Span; FIELDS.len()],
    size: u64,
    installed_kib: u64,
    /// How much a system needs it: 0 `required` … 4 `extra`.
    priority: u8,
    archive: u16,
}

/// Packages to choose from.
#[derive(Debug)]
pub struct Index {
    arch: String,
    text: String,
    entries: Vec<Entry>,
    /// By name, then the newest first.
    by_name: Vec<Id>,
    /// Provided name, and who provides it.
    provides: Vec<(Span, Id)>,
}

/// What an index says of a package.
#[derive(Clone, Copy, Debug)]
pub struct Package<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub arch: &'a str,
    pub pre_depends: &'a str,
    pub depends: &'a str,
    pub provides: &'a str,
    pub conflicts: &'a str,
    pub breaks: &'a str,
    /// Relative to the archive's root.
    pub filename: &'a str,
    sha256: &'a str,
    /// Of the file, in bytes.
    pub size: u64,
    /// Unpacked, in KiB, as its maker estimates.
    pub installed_kib: u64,
    pub priority: u8,
    /// Which archive it is from: the number that it was added with.
    pub archive: u16,
}

impl Package<'_> {
    /// The digest of its file; a package without one can't be fetched.
    pub fn sha256(&self) -> Option<Digest> {
        self.sha256.parse().ok()
    }
}

impl Index {
    /// An index for the architecture `arch` (`amd64`).
    pub fn new(arch: impl Into<String>) -> Self {
        Self {
            arch: arch.into(),
            text: String::new(),
            entries: Vec::new(),
            by_name: Vec::new(),
            provides: Vec::new(),
        }
    }

    pub fn arch(&self) -> &str {
        &self.arch
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a package list. `archive` is the caller's number for where it came from.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn add(&mut self, list: impl BufRead, archive: u16) -> io::Result<()> {
        let mut paragraphs = Paragraphs::new(list);
        while let Some(paragraph) = paragraphs.next()? {
            self.add_package(paragraph, archive)?;
        }
        self.sort();
        Ok(())
    }

    fn add_package(&mut self, paragraph: Paragraph<'_>, archive: u16) -> io::Result<()> {
        let mut values = [""; FIELDS.len()];
        let (mut size, mut installed_kib, mut priority) = (0, 0, 4);
        for (name, value) in paragraph.fields() {
            match FIELDS.iter().position(|field| name.eq_ignore_ascii_case(field)) {
                Some(index) => values[index] = value,
                None if name == "Size" => size = value.parse().unwrap_or(0),
                None if name == "Installed-Size" => installed_kib = value.parse().unwrap_or(0),
                None if name == "Priority" => priority = rank(value),
                None => {}
            }
        }
        let [name, version, arch, ..] = values;
        if name.is_empty() || version.is_empty() || (arch != self.arch && arch != "all") {
            return Ok(());
        }
        let mut spans = [Span::default(); FIELDS.len()];
        for (span, value) in spans.iter_mut().zip(values) {
            *span = self.keep(value)?;
        }
        let number = u32::try_from(self.entries.len()).map_err(io::Error::other)?;
        self.entries.push(Entry { spans, size, installed_kib, priority, archive });
        self.by_name.push(Id(number));
        let arch = self.arch.clone();
        // Spans into what was just kept: the text is not kept twice.
        let base = spans[5].start;
        let provided: Vec<Span> = relation::list(values[5], &arch)
            .filter_map(|provided| {
                let offset = provided.name.as_ptr() as usize - values[5].as_ptr() as usize;
                let start = base + u32::try_from(offset).ok()?;
                Some(Span { start, length: u32::try_from(provided.name.len()).ok()? })
            })
            .collect();
        self.provides.extend(provided.into_iter().map(|span| (span, Id(number))));
        Ok(())
    }

    fn keep(&mut self, value: &str) -> io::Result<Span> {
        let start = u32::try_from(self.text.len()).map_err(io::Error::other)?;
        let length = u32::try_from(value.len()).map_err(io::Error::other)?;
        self.text.push_str(value);
        Ok(Span { start, length })
    }

    fn sort(&mut self) {
        let (mut by_name, mut provides) =
            (std::mem::take(&mut self.by_name), std::mem::take(&mut self.provides));
        by_name.sort_by(|a, b| {
            let (a_package, b_package) = (self.get(*a), self.get(*b));
            (a_package.name.cmp(b_package.name))
                .then_with(|| compare(b_package.version, a_package.version))
                .then_with(|| a.cmp(b))
        });
        provides.sort_by(|a, b| {
            let (a_package, b_package) = (self.get(a.1), self.get(b.1));
            (self.slice(a.0).cmp(self.slice(b.0)))
                .then_with(|| a_package.priority.cmp(&b_package.priority))
                .then_with(|| a_package.name.cmp(b_package.name))
                .then_with(|| compare(b_package.version, a_package.version))
        });
        (self.by_name, self.provides) = (by_name, provides);
    }

    fn slice(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.text.get(start..start + span.length as usize).unwrap_or_default()
    }

    /// What is known of a package.
    pub fn get(&self, id: Id) -> Package<'_> {
        let entry = &self.entries[id.0 as usize];
        let field = |index: usize| self.slice(entry.spans[index]);
        Package {
            name: field(0),
            version: field(1),
            arch: field(2),
            pre_depends: field(3),
            depends: field(4),
            provides: field(5),
            conflicts: field(6),
            breaks: field(7),
            filename: field(8),
            sha256: field(9),
            size: entry.size,
            installed_kib: entry.installed_kib,
            priority: entry.priority,
            archive: entry.archive,
        }
    }

    /// The packages of that name, the newest first.
    pub fn named(&self, name: &str) -> &[Id] {
        range(&self.by_name, |id| self.get(*id).name.cmp(name))
    }

    /// The packages that provide `name`: those a system needs most first, then by name.
    pub fn providers(&self, name: &str) -> impl Iterator<Item = Id> {
        range(&self.provides, |(span, _)| self.slice(*span).cmp(name)).iter().map(|(_, id)| *id)
    }
}

/// The part of a sorted list for which `order` says `Equal`.
fn range<T>(list: &[T], order: impl Fn(&T) -> Ordering) -> &[T] {
    let start = list.partition_point(|item| order(item) == Ordering::Less);
    let length = list[start..].partition_point(|item| order(item) == Ordering::Equal);
    &list[start..start + length]
}

fn rank(priority: &str) -> u8 {
    match priority {
        "required" => 0,
        "important" => 1,
        "standard" => 2,
        "optional" => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "Package: b\nVersion: 1\nArchitecture: amd64\nProvides: mail, x (= 2)\n\n\
                        Package: a\nVersion: 1.9\nArchitecture: all\nProvides: mail\n\
                        Priority: standard\nSize: 7\n\n\
                        Package: a\nVersion: 1.10\nArchitecture: amd64\nDepends: b,\n c\n\n\
                        Package: a\nVersion: 9\nArchitecture: i386\n";

    #[test]
    fn packages_are_found_by_their_names_newest_first() {
        let mut index = Index::new("amd64");
        index.add(LIST.as_bytes(), 3).unwrap();
        let versions: Vec<&str> =
            index.named("a").iter().map(|id| index.get(*id).version).collect();
        assert_eq!(versions, ["1.10", "1.9"]);
        assert_eq!(index.get(index.named("a")[0]).depends, "b,\n c");
        assert_eq!(index.get(index.named("b")[0]).archive, 3);
        assert!(index.named("aa").is_empty() && index.named("").is_empty());
    }

    #[test]
    fn who_provides_a_name_stands_in_a_fixed_order() {
        let mut index = Index::new("amd64");
        index.add(LIST.as_bytes(), 0).unwrap();
        let names: Vec<&str> = index.providers("mail").map(|id| index.get(id).name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(index.providers("x").count(), 1);
        assert_eq!(index.providers("y").count(), 0);
    }
}
