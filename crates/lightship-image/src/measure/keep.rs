//! What of a file's content is kept while it streams by: nothing, but for package databases,
//! `package.json`, receipts, and the parts of programs that say what they need.

use std::io::{self, Read, Seek, SeekFrom};

use super::program::{Program, ProgramKind};
use crate::elf;

/// Of one document, in bytes.
const LARGEST_DOCUMENT: u64 = 32 << 20;
/// Of all documents, in bytes.
pub(super) const LARGEST_DOCUMENTS: u64 = 96 << 20;
/// The headers and names of a program or library lie in its first part.
const PROGRAM_START: usize = 16 << 20;
/// Of the table that is told where it is by the headers, in bytes.
const LARGEST_DYNAMIC: u64 = 1 << 20;
/// Of a script's first line, in bytes; the kernel reads 256.
const LONGEST_LINE: usize = 256;

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// `var/lib/dpkg/status`
    Status,
    /// `var/lib/dpkg/status.d/NAME`
    StatusOf,
    /// `var/lib/dpkg/status.d/NAME.md5sums`
    SumsOf,
    /// `var/lib/dpkg/info/NAME.list`
    List,
    /// `var/lib/apt/extended_states`
    Marks,
    /// `…/node_modules/NAME/package.json`
    Npm,
    /// `opt/lightship/v1/receipts/….json`
    Receipt,
}

impl Document {
    /// By the path, without a slash in front.
    pub(super) fn at(path: &[u8]) -> Option<Self> {
        let below = |folder: &str| {
            let rest = path.strip_prefix(folder.as_bytes())?;
            (!rest.contains(&b'/')).then_some(rest)
        };
        if let Some(name) = below("var/lib/dpkg/status.d/") {
            let sums = name.ends_with(b".md5sums");
            return Some(if sums { Self::SumsOf } else { Self::StatusOf });
        }
        if let Some(name) = below("var/lib/dpkg/info/") {
            return name.ends_with(b".list").then_some(Self::List);
        }
        if let Some(name) = below("opt/lightship/v1/receipts/") {
            return name.ends_with(b".json").then_some(Self::Receipt);
        }
        match path {
            b"var/lib/dpkg/status" => Some(Self::Status),
            b"var/lib/apt/extended_states" => Some(Self::Marks),
            _ => {
                let directory = path.strip_suffix(b"/package.json")?;
                super::npm::is_package(directory).then_some(Self::Npm)
            }
        }
    }

    fn largest(self) -> u64 {
        match self {
            Self::Npm | Self::Receipt => 1 << 20,
            _ => LARGEST_DOCUMENT,
        }
    }
}

/// One content that streams by.
#[derive(Debug)]
pub(super) struct Keeper {
    document: bool,
    size: u64,
    seen: u64,
    start: Vec<u8>,
    /// How much of the start is wanted.
    wanted: usize,
    /// Where the dynamic table lies, and what was seen of it.
    dynamic: Option<(u64, u64)>,
    table: Vec<u8>,
}

/// What was kept.
#[derive(Debug)]
pub(super) enum Kept {
    Nothing,
    Document(Vec<u8>),
    Program(Program),
}

impl Keeper {
    /// `buffer` is used again from file to file.
    pub(super) fn new(document: Option<Document>, size: u64, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        let document = document.is_some_and(|document| size <= document.largest());
        let wanted = if document { usize::MAX } else { 64 };
        Self { document, size, seen: 0, start: buffer, wanted, dynamic: None, table: Vec::new() }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.start.len() < self.wanted {
            let room = (self.wanted - self.start.len()).min(bytes.len());
            let first = self.start.len() < 4;
            self.start.extend_from_slice(&bytes[..room]);
            if first && !self.document && self.start.len() >= 4 {
                self.decide();
                self.start.reserve(self.wanted.min(usize::try_from(self.size).unwrap_or(0)));
                let more =
                    (self.wanted - self.start.len().min(self.wanted)).min(bytes.len() - room);
                self.start.extend_from_slice(&bytes[room..room + more]);
            }
        }
        if self.dynamic.is_none() && self.wanted == PROGRAM_START {
            self.dynamic = dynamic_table(&self.start);
        }
        if let Some((at, length)) = self.dynamic {
            // What of the table is in these bytes.
            let end = self.seen + bytes.len() as u64;
            let from = at.max(self.seen);
            let to = (at + length).min(end);
            if from < to && self.table.len() as u64 == from - at {
                let within = |place: u64| usize::try_from(place - self.seen).unwrap_or(bytes.len());
                self.table.extend_from_slice(&bytes[within(from)..within(to)]);
            }
        }
        self.seen += bytes.len() as u64;
    }

    fn decide(&mut self) {
        self.wanted = match self.start.as_slice() {
            [0x7f, b'E', b'L', b'F', ..] => PROGRAM_START,
            [b'#', b'!', ..] => LONGEST_LINE,
            _ => 0,
        };
    }

    /// What was kept; the buffer comes back where it is not part of that.
    pub(super) fn finish(self) -> (Kept, Vec<u8>) {
        if self.document {
            return (Kept::Document(self.start), Vec::new());
        }
        if self.start.starts_with(b"#!") {
            return (script(&self.start).map_or(Kept::Nothing, Kept::Program), self.start);
        }
        let table = self.dynamic.map_or(0, |(at, _)| at);
        let mut parts = Parts { start: &self.start, table: (table, &self.table), at: 0 };
        // Where it can't be read on, it is read up to there.
        let elf = elf::read_from(&mut parts).unwrap_or_default();
        let kept = match elf {
            Some(elf) => Kept::Program(Program {
                needed: elf.needed.clone(),
                soname: elf.soname.clone(),
                interpreter: elf.interpreter.clone(),
                runpath: elf.runpath.clone(),
                kind: ProgramKind::Elf(Box::new(elf)),
            }),
            None => Kept::Nothing,
        };
        (kept, self.start)
    }
}

/// Where the dynamic table of a program of 64 bits lies, offset and length, once its headers are
/// there.
fn dynamic_table(start: &[u8]) -> Option<(u64, u64)> {
    const DYNAMIC: u64 = 2;
    let number = |at: usize, length: usize| {
        let bytes = start.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    };
    // Of 64 bits, with the lowest byte first.
    if start.get(4..6)? != [2, 1] {
        return None;
    }
    let headers = usize::try_from(number(32, 8)?).ok()?;
    let size = usize::try_from(number(54, 2)?).ok()?;
    let count = usize::try_from(number(56, 2)?).ok()?;
    (0..count).find_map(|index| {
        let at = headers.checked_add(index * size)?;
        let lies =
            (number(at, 4)? == DYNAMIC).then_some((number(at + 8, 8)?, number(at + 32, 8)?))?;
        (lies.1 <= LARGEST_DYNAMIC && lies.0.checked_add(lies.1).is_some()).then_some(lies)
    })
}

/// The two parts of a long program that were kept, as the file that they are of, nothing between.
struct Parts<'a> {
    start: &'a [u8],
    table: (u64, &'a [u8]),
    at: u64,
}

impl Read for Parts<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let part = |from: u64, bytes: &[u8], buffer: &mut [u8]| {
            let skip = self.at.checked_sub(from).and_then(|skip| usize::try_from(skip).ok())?;
            let rest = bytes.get(skip..).filter(|rest| !rest.is_empty())?;
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Some(count)
        };
        let (table, bytes) = self.table;
        let count = part(0, self.start, buffer).or_else(|| part(table, bytes, buffer));
        self.at += count.unwrap_or(0) as u64;
        Ok(count.unwrap_or(0))
    }
}

impl Seek for Parts<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end = (self.start.len() as u64).max(self.table.0 + self.table.1.len() as u64);
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => end.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// The interpreter of a script.
fn script(start: &[u8]) -> Option<Program> {
    let line = start.get(2..)?.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.trim();
    let (interpreter, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    interpreter.starts_with('/').then(|| Program {
        interpreter: Some(interpreter.to_owned()),
        kind: ProgramKind::Script(rest.trim().to_owned()),
        ..Program::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_known_by_their_place() {
        for (path, document) in [
            ("var/lib/dpkg/status", Some(Document::Status)),
            ("var/lib/dpkg/status.d/base", Some(Document::StatusOf)),
            ("var/lib/dpkg/status.d/base.md5sums", Some(Document::SumsOf)),
            ("var/lib/dpkg/info/git.list", Some(Document::List)),
            ("var/lib/dpkg/info/git.postinst", None),
            ("app/node_modules/@a/b/package.json", Some(Document::Npm)),
            ("app/package.json", None),
            ("usr/var/lib/dpkg/status", None),
        ] {
            assert_eq!(Document::at(path.as_bytes()), document, "{path}");
        }
    }

    #[test]
    fn a_script_has_an_interpreter_whatever_the_pieces() {
        for step in [1, 3, 100] {
            let mut keeper = Keeper::new(None, 40, Vec::new());
            for piece in b"#!/usr/bin/env  node -x\nlet a = 1;".chunks(step) {
                keeper.feed(piece);
            }
            let (Kept::Program(program), _) = keeper.finish() else { panic!("no program") };
            assert_eq!(program.interpreter.as_deref(), Some("/usr/bin/env"));
            assert_eq!(program.kind, ProgramKind::Script("node -x".into()));
        }
    }
}
