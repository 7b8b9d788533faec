//! Is the trail what was written? Every line is compared with what its successor, the head and
//! the receipts say of it.

use std::collections::HashMap;
use std::io;

use lightship_model::digest::Digest;
use lightship_model::receipt::Receipt;
use serde::{Deserialize, Serialize};

use super::Mark;
use super::head::Head;
use super::text::{Raw, lines};
use crate::store::ToolDir;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub lines: u64,
    /// What shows that the trail is not what was written.
    pub problems: Vec<Remark>,
    /// What a crash explains, and what can't be told.
    pub warnings: Vec<Remark>,
}

/// Something about the trail, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    pub line: u64,
    pub what: String,
}

impl Report {
    /// Nothing shows that somebody changed the trail.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

/// What of a line matters here.
#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    n: Option<u64>,
    prev: Digest,
    #[serde(default)]
    act: String,
    #[serde(default)]
    crash: bool,
    #[serde(default)]
    had: Option<Mark>,
}

/// Reads the whole trail. `receipts` are those of the directory, read before.
pub(crate) fn verify<'a>(
    dir: &ToolDir,
    receipts: impl IntoIterator<Item = &'a Receipt>,
) -> io::Result<Report> {
    // Read first: a loader that works meanwhile only makes the trail longer.
    let head = Head::read(dir);
    let mut chain = Chain::default();
    lines(dir, |raw| chain.take(&raw))?;
    chain.end(head.as_ref());
    for receipt in receipts {
        if let Some(mark) = &receipt.audit {
            chain.compare(mark, &format!("the receipt of {}", receipt.name));
        }
    }
    Ok(chain.report)
}

#[derive(Default)]
struct Chain {
    report: Report,
    /// Number of the last line.
    last: u64,
    digests: HashMap<u64, Digest>,
    numbers: HashMap<Digest, u64>,
    /// The last line is none that could have been written whole.
    broken: Option<bool>,
    ended: bool,
}

impl Chain {
    fn take(&mut self, raw: &Raw) {
        // A line that was torn and has a successor is judged by it.
        let torn = self.broken.take();
        let link = serde_json::from_slice::<Link>(&raw.bytes).ok();
        let before = self.digests.get(&self.last).cloned().unwrap_or_else(|| Digest::of(b""));
        let mut number = self.last + 1;
        match &link {
            Some(link) if link.prev == before => {
                if torn.is_some() {
                    self.warn(self.last, "was torn by a crash");
                }
                if let Some(n) = link.n.filter(|n| *n != number) {
                    self.problem(number, format!("says that it is line {n}"));
                }
            }
            Some(link) => {
                self.misfit(link, number);
                // A gap makes one complaint, not one for each line after it.
                number = link.n.filter(|n| *n > self.last).unwrap_or(number);
            }
            // Without a link it is the start of a line at most.
            None => self.broken = Some(raw.bytes.starts_with(b"{")),
        }
        if let Some(link) = link.filter(|link| link.act == "gap") {
            self.gap(number, &link);
        }
        let digest = Digest::of(&raw.bytes);
        self.numbers.insert(digest.clone(), number);
        self.digests.insert(number, digest);
        self.last = number;
        self.ended = raw.ended;
        self.report.lines += 1;
    }

    /// `link` does not follow the line before it: what happened?
    fn misfit(&mut self, link: &Link, number: u64) {
        let what = match (link.n, self.numbers.get(&link.prev)) {
            (_, Some(earlier)) if *earlier != self.last => {
                format!("follows line {earlier}: it was moved, repeated, or others put before it")
            }
            (Some(n), _) if n > number => {
                let missing = if n - number == 1 {
                    format!("line {number} is missing")
                } else {
                    format!("lines {number} to {} are missing", n - 1)
                };
                self.problem(n, format!("{missing} before it"));
                return;
            }
            (Some(n), _) if n < number => {
                format!("says that it is line {n}: it was moved, repeated, or others put before it")
            }
            _ if self.last == 0 => "is not the beginning of a trail".to_owned(),
            _ => {
                self.problem(self.last, "was edited: the next one has another digest of it");
                return;
            }
        };
        self.problem(number, what);
    }

    fn gap(&mut self, number: u64, link: &Link) {
        let Some(had) = &link.had else { return };
        if link.crash {
            let what = format!("notes that the machine went down: line {} was lost", had.line);
            self.warn(number, what);
        } else {
            let what =
                format!("notes that the trail had been cut or edited up to line {}", had.line);
            self.problem(number, what);
        }
    }

    /// Judges the end.
    fn end(&mut self, head: Option<&Head>) {
        let last = self.last;
        let Some(head) = head else {
            if last > 0 {
                self.warn(
                    last,
                    "can't be told to be the last: v1/audit.head is gone or unreadable",
                );
            }
            return self.end_without_head(0);
        };
        let written = &head.written;
        if written.line > last {
            if head.excuses(last) {
                let what = format!(
                    "is the last one: the machine went down before line {} was on \
                                    the disk",
                    written.line
                );
                self.warn(last, what);
            } else {
                let what =
                    format!("is the last one: the trail was cut, it had {} lines", written.line);
                self.problem(last, what);
            }
            return;
        }
        if head.excuses(written.line.saturating_sub(1)) && self.broken.is_some() {
            self.warn(last, "was torn by a crash");
            return;
        }
        self.compare(written, "v1/audit.head");
        self.end_without_head(written.line);
        if last > written.line + 1 {
            let what =
                format!("and {} before it came without v1/audit.head", last - written.line - 1);
            self.warn(last, what);
        }
    }

    /// What the last line shows by itself; up to `known` it must be whole.
    fn end_without_head(&mut self, known: u64) {
        let last = self.last;
        match (self.broken, self.ended) {
            _ if last == 0 => {}
            (Some(true), _) if last > known => self.warn(last, "was torn by a crash"),
            (Some(_), _) => self.problem(last, "is no line of an audit trail"),
            // All of it is there, but for its end.
            (None, false) => self.warn(last, "lacks its newline"),
            (None, true) => {}
        }
    }

    /// Compares a line with what somebody else remembers of it.
    fn compare(&mut self, mark: &Mark, who: &str) {
        match self.digests.get(&mark.line) {
            Some(digest) if *digest == mark.digest => {}
            Some(_) => {
                self.problem(mark.line, format!("was edited: {who} has another digest of it"));
            }
            None => self.problem(mark.line, format!("is missing: {who} has its digest")),
        }
    }

    fn problem(&mut self, line: u64, what: impl Into<String>) {
        let remark = Remark { line, what: what.into() };
        if !self.report.problems.contains(&remark) {
            self.report.problems.push(remark);
        }
    }

    fn warn(&mut self, line: u64, what: impl Into<String>) {
        self.report.warnings.push(Remark { line, what: what.into() });
    }
}
