//! What an ELF file says about running it: which libraries and which loader it needs, and where
//! it looks for them.
//!
//! Reading is total: whatever the bytes are, and wherever they end, the answer is what could be
//! read, in memory that the limits below bound.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// The dynamic part of an ELF file.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Elf {
    /// Names of libraries (`DT_NEEDED`), in the order in which they are looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soname: Option<String>,
    /// The dynamic loader. What has one is a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// `DT_RUNPATH`, or `DT_RPATH` where there is none: directories, perhaps with `$ORIGIN`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runpath: Vec<String>,
    /// Loads more at run time: `dlopen` or `dlmopen` is among what it imports.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub loads_more: bool,
    pub class: Class,
    /// `e_machine`: 62 is x86-64, 183 is `AArch64`.
    pub machine: u16,
}

/// How wide its addresses are. A library is only found by files of its own class and machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Class {
    Bits32,
    #[default]
    Bits64,
}

/// Of libraries in one file; real ones have at most a few hundred.
const MOST_NEEDED: usize = 4096;
/// Of one name or search path, in bytes.
const LONGEST: usize = 4096;
/// Of program headers, section headers and dynamic entries together with what they lie in, in
/// bytes.
const LARGEST_LIST: u64 = 8 << 20;
/// Of the strings, and of the symbols, in bytes; LLVM's libraries have some two million.
const LARGEST_TABLE: u64 = 64 << 20;

/// What the format calls things.
mod is {
    pub(super) const LOAD: u64 = 1;
    pub(super) const DYNAMIC: u64 = 2;
    pub(super) const INTERP: u64 = 3;

    pub(super) const NULL: u64 = 0;
    pub(super) const NEEDED: u64 = 1;
    pub(super) const HASH: u64 = 4;
    pub(super) const STRTAB: u64 = 5;
    pub(super) const SYMTAB: u64 = 6;
    pub(super) const STRSZ: u64 = 10;
    pub(super) const SONAME: u64 = 14;
    pub(super) const RPATH: u64 = 15;
    pub(super) const RUNPATH: u64 = 29;

    /// The kind of a section that has the dynamic symbols.
    pub(super) const DYNSYM: u64 = 11;
}

/// Reads the file that `bytes` is, or begins with. Nothing where it is no ELF file, or one of
/// another byte order.
pub fn read(bytes: &[u8]) -> Option<Elf> {
    read_from(&mut Cursor::new(bytes)).ok().flatten()
}

/// Reads a file of any size, only the parts that are wanted.
///
/// # Errors
/// What reading fails with. A file that ends before what it announces is read up to its end.
pub fn read_from(source: &mut (impl Read + Seek)) -> io::Result<Option<Elf>> {
    let head = piece(source, 0, 64)?;
    let class = match head.get(..6) {
        Some([0x7f, b'E', b'L', b'F', 1, 1]) => Class::Bits32,
        Some([0x7f, b'E', b'L', b'F', 2, 1]) => Class::Bits64,
        _ => return Ok(None),
    };
    let machine = number(&head, 18, 2).and_then(|machine| u16::try_from(machine).ok());
    let mut elf = Elf { class, machine: machine.unwrap_or(0), ..Elf::default() };
    let mut file = File { source, head, format: Format { wide: class == Class::Bits64 } };
    let segments = file.segments()?;
    if let Some(segment) = segments.iter().find(|segment| segment.kind == is::INTERP) {
        let name = piece(file.source, segment.offset, segment.size.min(LONGEST as u64))?;
        elf.interpreter = text(&name, 0);
    }
    if let Some(place) = segments.iter().find(|segment| segment.kind == is::DYNAMIC) {
        let bytes = piece(file.source, place.offset, place.size.min(LARGEST_LIST))?;
        let dynamic = file.format.dynamic(&bytes);
        file.read_dynamic(&segments, &dynamic, &mut elf)?;
    }
    Ok(Some(elf))
}

/// A part of the file that is loaded, or tells how.
#[derive(Clone, Copy, Debug)]
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

/// Where fields are.
#[derive(Clone, Copy, Debug)]
struct Format {
    /// 64 bits.
    wide: bool,
}

impl Format {
    fn pick(self, wide: u64, narrow: u64) -> u64 {
        if self.wide { wide } else { narrow }
    }

    /// Length of an address, in bytes.
    fn word(self) -> u64 {
        self.pick(8, 4)
    }

    fn segment(self, raw: &[u8]) -> Option<Segment> {
        Some(Segment {
            kind: number(raw, 0, 4)?,
            offset: number(raw, self.pick(8, 4), self.word())?,
            address: number(raw, self.pick(16, 8), self.word())?,
            size: number(raw, self.pick(32, 16), self.word())?,
        })
    }

    /// Tag and value of each entry.
    fn dynamic(self, bytes: &[u8]) -> Vec<(u64, u64)> {
        let word = self.word();
        let step = if self.wide { 16 } else { 8 };
        let entry = |raw| Some((number(raw, 0, word)?, number(raw, word, word)?));
        let entries = bytes.chunks_exact(step).map_while(entry);
        entries.take_while(|(tag, _)| *tag != is::NULL).collect()
    }

    /// Length of a symbol, in bytes.
    fn symbol(self) -> u64 {
        self.pick(24, 16)
    }
}

struct File<'a, R> {
    source: &'a mut R,
    head: Vec<u8>,
    format: Format,
}

impl<R: Read + Seek> File<'_, R> {
    /// The table of which the header has the place at `start`, and length and number of entries
    /// at `shape`: the bytes, and the length of an entry.
    fn table(&mut self, start: u64, shape: u64) -> io::Result<(Vec<u8>, usize)> {
        let field = |at: u64, length: u64| number(&self.head, at, length).unwrap_or(0);
        let (step, count) = (field(shape, 2), field(shape + 2, 2));
        let start = field(start, self.format.word());
        let bytes = piece(self.source, start, (step * count).min(LARGEST_LIST))?;
        Ok((bytes, usize::try_from(step.max(1)).unwrap_or(usize::MAX)))
    }

    fn segments(&mut self) -> io::Result<Vec<Segment>> {
        let format = self.format;
        let (bytes, step) = self.table(format.pick(32, 28), format.pick(54, 42))?;
        Ok(bytes.chunks(step).map_while(|raw| format.segment(raw)).collect())
    }

    fn read_dynamic(
        &mut self,
        segments: &[Segment],
        dynamic: &[(u64, u64)],
        elf: &mut Elf,
    ) -> io::Result<()> {
        let value =
            |wanted| dynamic.iter().find(|(tag, _)| *tag == wanted).map(|(_, value)| *value);
        let placed = |wanted| value(wanted).and_then(|address| offset_of(segments, address));
        let Some(place) = placed(is::STRTAB) else { return Ok(()) };
        let length = value(is::STRSZ).unwrap_or(LARGEST_TABLE).min(LARGEST_TABLE);
        let strings = piece(self.source, place, length)?;
        let name = |offset: u64| text(&strings, usize::try_from(offset).ok()?);
        elf.soname = value(is::SONAME).and_then(name);
        let path = value(is::RUNPATH).or(value(is::RPATH)).and_then(name).unwrap_or_default();
        let folders = path.split(':').filter(|folder| !folder.is_empty());
        elf.runpath = folders.map(str::to_owned).collect();
        let needed = dynamic.iter().filter(|(tag, _)| *tag == is::NEEDED).take(MOST_NEEDED);
        elf.needed = needed.filter_map(|(_, offset)| name(*offset)).collect();
        if let Some(symbols) = placed(is::SYMTAB) {
            let length = self.length_of_symbols(symbols, place, placed(is::HASH))?;
            let bytes = piece(self.source, symbols, length.min(LARGEST_TABLE))?;
            elf.loads_more = imports(self.format, &bytes, &strings, &["dlopen", "dlmopen"]);
        }
        Ok(())
    }

    /// How long the table of dynamic symbols is. The file says it nowhere plainly: sections may
    /// be stripped, the old hash table is seldom there, and the new one may leave imports out.
    fn length_of_symbols(
        &mut self,
        symbols: u64,
        strings: u64,
        hash: Option<u64>,
    ) -> io::Result<u64> {
        let format = self.format;
        let (sections, step) = self.table(format.pick(40, 32), format.pick(58, 46))?;
        let length = |raw: &[u8]| {
            let offset = number(raw, format.pick(24, 16), format.word())?;
            let found = number(raw, 4, 4)? == is::DYNSYM && offset == symbols;
            if found { number(raw, format.pick(32, 20), format.word()) } else { None }
        };
        if let Some(length) = sections.chunks(step).find_map(length) {
            return Ok(length);
        }
        let Some(hash) = hash else { return Ok(strings.saturating_sub(symbols)) };
        let count = number(&piece(self.source, hash, 8)?, 4, 4).unwrap_or(0);
        Ok(count.saturating_mul(format.symbol()))
    }
}

/// Whether one of the names is among what is defined elsewhere.
fn imports(format: Format, symbols: &[u8], strings: &[u8], wanted: &[&str]) -> bool {
    let step = if format.wide { 24 } else { 16 };
    symbols.chunks_exact(step).any(|symbol| {
        // What is defined elsewhere has no section here.
        let is_imported = number(symbol, format.pick(6, 14), 2) == Some(0);
        let offset = number(symbol, 0, 4).and_then(|offset| usize::try_from(offset).ok());
        let rest = offset.and_then(|offset| strings.get(offset..)).unwrap_or_default();
        let is_wanted = |name: &&str| {
            rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
        };
        is_imported && wanted.iter().any(is_wanted)
    })
}

/// A little-endian number of `length` bytes.
fn number(bytes: &[u8], at: u64, length: u64) -> Option<u64> {
    let start = usize::try_from(at).ok()?;
    let end = usize::try_from(at.checked_add(length)?).ok()?;
    let bytes = bytes.get(start..end)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The text that begins at `at` and ends with a zero.
fn text(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let length = rest.iter().take(LONGEST).position(|byte| *byte == 0)?;
    let text = String::from_utf8_lossy(&rest[..length]).into_owned();
    (!text.is_empty()).then_some(text)
}

/// Up to `length` bytes at `at`: fewer where the file ends.
fn piece(source: &mut (impl Read + Seek), at: u64, length: u64) -> io::Result<Vec<u8>> {
    // What is further than a file can be is behind its end.
    if i64::try_from(at).is_err() {
        return Ok(Vec::new());
    }
    source.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    source.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where in the file an address of the running program is.
fn offset_of(segments: &[Segment], address: u64) -> Option<u64> {
    let is_inside = |segment: &&Segment| {
        segment.kind == is::LOAD
            && address.checked_sub(segment.address).is_some_and(|inside| inside < segment.size)
    };
    let segment = segments.iter().find(is_inside)?;
    segment.offset.checked_add(address - segment.address)
}

/// For the fuzz target: must not panic, hang or take much memory.
pub fn fuzz(bytes: &[u8]) {
    if let Some(elf) = read(bytes) {
        assert!(elf.needed.len() <= MOST_NEEDED, "more libraries than the limit");
        assert!(elf.needed.iter().all(|name| name.len() <= 3 * LONGEST), "a name too long");
    }
}

#[cfg(test)]
mod tests;
