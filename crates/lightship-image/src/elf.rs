//! What an ELF file says of the libraries that it needs.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// More program headers, names or bytes of names than these have no honest file.
const MOST_HEADERS: u64 = 512;
const MOST_NAMES: usize = 1024;
const MOST_TABLE: u64 = 64 << 20;

/// The dynamic part of an executable or a library.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Elf {
    /// `DT_NEEDED`, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soname: Option<String>,
    /// The dynamic loader that the kernel starts first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// `DT_RUNPATH`, or `DT_RPATH` where that is absent: directories, perhaps with `$ORIGIN`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runpath: Vec<String>,
}

/// Reads the bytes of a whole file; nothing if it is no ELF file that could be understood.
pub fn read(bytes: &[u8]) -> Option<Elf> {
    read_from(&mut Cursor::new(bytes)).ok().flatten()
}

/// Reads a file of any size a piece at a time; nothing if it is no ELF file.
///
/// # Errors
/// What reading fails with, and a file that ends before what it announces.
pub fn read_from(source: &mut (impl Read + Seek)) -> io::Result<Option<Elf>> {
    let mut head = [0; 64];
    let got = fill(source, &mut head)?;
    if got < 52 || !head.starts_with(b"\x7fELF") || !matches!(head[4..6], [1 | 2, 1]) {
        return Ok(None);
    }
    let reader = Reader { wide: head[4] == 2 };
    let (table, size, count) = if reader.wide {
        (number(&head[32..40]), number(&head[54..56]), number(&head[56..58]))
    } else {
        (number(&head[28..32]), number(&head[42..44]), number(&head[44..46]))
    };
    if size < reader.header_size() || count > MOST_HEADERS {
        return Ok(None);
    }
    let bytes = piece(source, table, size * count)?;
    let step = usize::try_from(size).unwrap_or(usize::MAX);
    let segments: Vec<Segment> = bytes.chunks_exact(step).map(|raw| reader.segment(raw)).collect();
    let mut elf = Elf::default();
    if let Some(interp) = segments.iter().find(|segment| segment.kind == 3) {
        let bytes = piece(source, interp.offset, interp.size.min(4096))?;
        elf.interpreter = text(&bytes, 0);
    }
    if let Some(dynamic) = segments.iter().find(|segment| segment.kind == 2) {
        reader.dynamic(source, dynamic, &segments, &mut elf)?;
    }
    Ok(Some(elf))
}

struct Reader {
    /// 64 bits.
    wide: bool,
}

struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

impl Reader {
    fn header_size(&self) -> u64 {
        if self.wide { 56 } else { 32 }
    }

    fn segment(&self, raw: &[u8]) -> Segment {
        let at = |from: usize, to: usize| number(&raw[from..to]);
        if self.wide {
            Segment { kind: at(0, 4), offset: at(8, 16), address: at(16, 24), size: at(32, 40) }
        } else {
            Segment { kind: at(0, 4), offset: at(4, 8), address: at(8, 12), size: at(16, 20) }
        }
    }

    fn dynamic(
        &self,
        source: &mut (impl Read + Seek),
        dynamic: &Segment,
        segments: &[Segment],
        elf: &mut Elf,
    ) -> io::Result<()> {
        let word = if self.wide { 8 } else { 4 };
        let bytes = piece(source, dynamic.offset, dynamic.size.min(1 << 20))?;
        let entries: Vec<(u64, u64)> = bytes
            .chunks_exact(2 * word)
            .map(|raw| (number(&raw[..word]), number(&raw[word..])))
            .take_while(|(tag, _)| *tag != 0)
            .collect();
        let value = |wanted: u64| entries.iter().find(|(tag, _)| *tag == wanted).map(|e| e.1);
        let (Some(address), Some(size)) = (value(5), value(10)) else { return Ok(()) };
        let holds = |segment: &&Segment| {
            segment.kind == 1
                && address.checked_sub(segment.address).is_some_and(|into| into < segment.size)
        };
        let Some(load) = segments.iter().find(holds) else { return Ok(()) };
        let at = load.offset.saturating_add(address - load.address);
        let table = piece(source, at, size.min(MOST_TABLE))?;
        let name = |offset: u64| text(&table, usize::try_from(offset).ok()?);
        let needed = entries.iter().filter(|(tag, _)| *tag == 1);
        elf.needed = needed.take(MOST_NAMES).filter_map(|(_, at)| name(*at)).collect();
        elf.soname = value(14).and_then(name);
        let path = value(29).or(value(15)).and_then(name).unwrap_or_default();
        let folders = path.split(':').filter(|folder| !folder.is_empty());
        elf.runpath = folders.map(str::to_owned).collect();
        Ok(())
    }
}

/// Little-endian, as all that we build for.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn text(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

fn piece(source: &mut (impl Read + Seek), at: u64, size: u64) -> io::Result<Vec<u8>> {
    source.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    source.take(size).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match source.read(&mut buffer[got..])? {
            0 => break,
            count => got += count,
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_program_says_what_it_needs() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let elf = read(&bytes).unwrap();
        assert!(elf.needed.iter().any(|name| name.starts_with("libc.so")), "{elf:?}");
        assert!(elf.interpreter.unwrap().starts_with('/'));
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_none() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for end in [0, 3, 51, 63, 200] {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
        assert_eq!(read(b"#!/bin/sh\n"), None);
    }
}
