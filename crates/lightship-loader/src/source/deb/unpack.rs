//! Unpacking packages into a root: the part of the confined child. What is in a package is a
//! stranger's, and is read here alone.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write as _};
use std::path::PathBuf;

use lightship_debian::deb;
use lightship_debian::tree::{self, Entry, Kind, Links, Unpacker};
use lightship_debian::useful::is_useful;
use serde::{Deserialize, Serialize};

use crate::fetch::archive::{Limits, Meter, check_links};

/// Before a number of bytes that were read of the packages; it ends a line that is replaced.
const PROGRESS: &str = "unpacked bytes: ";
/// It is told after so many of them.
const STEP: u64 = 1 << 20;

/// What the child is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Order {
    /// One after the other: a later one's files replace an earlier one's.
    pub(super) packages: Vec<Package>,
    /// A directory that is there already.
    pub(super) root: PathBuf,
    /// Where the [`Report`] goes.
    pub(super) report: PathBuf,
    pub(super) limits: Limits,
}

/// A package's file, which is gone afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) file: PathBuf,
}

/// What the child answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Report {
    /// By package, the names in `usr/bin` and its like.
    pub(super) programs: BTreeMap<String, Vec<String>>,
    /// Names of the C library's own files.
    pub(super) libc: BTreeSet<String>,
}

impl Order {
    /// How many bytes of the packages were read, if `line` of the child says that.
    pub(super) fn progress(line: &str) -> Option<u64> {
        line.strip_prefix(PROGRESS)?.trim_end().parse().ok()
    }

    /// Carries the order out, and says on standard output how far it is.
    pub(crate) fn run(&self) -> io::Result<()> {
        self.run_telling(tell)
    }

    /// Carries the order out; `tell` gets how far it is, in pieces of lines.
    fn run_telling(&self, tell: fn(&str)) -> io::Result<()> {
        let mut report = Report::default();
        let entries = self.limits.entries();
        let done = Cell::new(0);
        for package in &self.packages {
            let name = format!("{} {}", package.name, package.version);
            tell(&format!("{name}\n"));
            let file = File::open(&package.file)?;
            let size = file.metadata()?.len();
            self.one(package, Told { inner: file, done: &done, tell }, size, &entries, &mut report)
                .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
            fs::remove_file(&package.file)?;
        }
        tree::link_merged(&self.root)?;
        check_links(&self.root)?;
        fs::write(&self.report, serde_json::to_vec(&report)?)
    }

    fn one(
        &self,
        package: &Package,
        file: Told<'_, File>,
        size: u64,
        entries: &Meter,
        report: &mut Report,
    ) -> io::Result<()> {
        let (most, reason) = self.limits.most(size);
        let bytes = Meter::new((most, reason));
        let mut into = Unpacker::new(&self.root, Links::Inside, most);
        let (mut programs, mut libraries) = (Vec::new(), Vec::new());
        let source = BufReader::with_capacity(1 << 20, file);
        let read = deb::read(source, |entry, content| {
            // What is left out has to be read, too.
            entries.take(1)?;
            bytes.take(entry.size)?;
            if !is_wanted(entry) {
                return Ok(());
            }
            if let Some((folder, name)) = entry.path.rsplit_once('/') {
                match folder {
                    "usr/bin" | "usr/sbin" | "usr/games" => programs.push(name.to_owned()),
                    _ if folder.starts_with("usr/lib") => libraries.push(name.to_owned()),
                    _ => {}
                }
            }
            into.put(entry, content)
        });
        read.map_err(|error| match error {
            deb::DebError::Io(error) => error,
            error @ deb::DebError::Malformed(_) => io::Error::other(error.to_string()),
        })?;
        if package.name == "libc6" {
            report.libc.extend(libraries);
        }
        report.programs.insert(package.name.clone(), programs);
        Ok(())
    }
}

/// A reader that tells how far all of them are.
struct Told<'a, R> {
    inner: R,
    done: &'a Cell<u64>,
    tell: fn(&str),
}

impl<R: Read> Read for Told<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let (before, now) = (self.done.get(), self.done.get() + count as u64);
        self.done.set(now);
        if before / STEP != now / STEP {
            (self.tell)(&format!("{PROGRESS}{now}\r"));
        }
        Ok(count)
    }
}

/// With nobody to tell, the work goes on.
fn tell(text: &str) {
    let mut out = io::stdout();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Manuals, translations and the like are left out; licences stay.
fn is_wanted(entry: &Entry) -> bool {
    // Directories that something lies in are made for it, and a link to another package's
    // licence leads nowhere in a prefix.
    let is_doc = entry.path.starts_with("usr/share/doc/");
    match entry.kind {
        Kind::Directory => false,
        Kind::File => is_useful(entry),
        _ => is_useful(entry) && !is_doc,
    }
}

/// For `fuzz`: unpacks the package in `file` below `root`, silently.
#[cfg(any(test, fuzzing))]
pub(crate) fn quietly(
    file: PathBuf,
    root: PathBuf,
    report: PathBuf,
    limits: Limits,
) -> io::Result<()> {
    let package = Package { name: "libc6".to_owned(), version: "1".to_owned(), file };
    Order { packages: vec![package], root, report, limits }.run_telling(|_| {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_is_told_in_bytes_and_read_again() {
        let done = Cell::new(STEP - 1);
        let mut read = Told { inner: &[0_u8; 3][..], done: &done, tell: |_| {} };
        assert_eq!(read.read(&mut [0; 8]).unwrap(), 3);
        assert_eq!(done.get(), STEP + 2);
        assert_eq!(Order::progress(&format!("{PROGRESS}1048578\r")), Some(STEP + 2));
        assert_eq!(Order::progress("libsays 1:1.0"), None);
    }
}
