//! Telling a program or library where its libraries are, in its own file.
//!
//! What is told stands in a table of strings that the file's other parts follow closely, so a
//! copy of the table with more in it goes behind everything else, and an entry of the program
//! header that only carries a note becomes the one that loads it. Nothing moves; the file grows
//! by the table.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const INTERP: u32 = 3;
const NOTE: u32 = 4;

const NULL: u64 = 0;
const NEEDED: u64 = 1;
const STRTAB: u64 = 5;
const STRSZ: u64 = 10;
const RPATH: u64 = 15;
const RUNPATH: u64 = 29;
/// A count that only makes starting quicker: its room can be had.
const RELACOUNT: u64 = 0x6fff_fff9;

const HEADER: usize = 64;
const SEGMENT: usize = 56;
const SECTION: usize = 64;
/// Of a table of strings, in bytes; LLVM's has some two million.
const LARGEST_TABLE: u64 = 64 << 20;

#[derive(Clone, Copy, Debug)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
    align: u64,
}

impl Segment {
    fn parse(bytes: &[u8]) -> Self {
        Self {
            kind: u32_at(bytes, 0),
            flags: u32_at(bytes, 4),
            offset: u64_at(bytes, 8),
            address: u64_at(bytes, 16),
            file_size: u64_at(bytes, 32),
            memory_size: u64_at(bytes, 40),
            align: u64_at(bytes, 48),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = [self.kind.to_le_bytes(), self.flags.to_le_bytes()].concat();
        // The physical address is the other one again.
        for number in [self.offset, self.address, self.address, self.file_size] {
            bytes.extend(number.to_le_bytes());
        }
        for number in [self.memory_size, self.align] {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }
}

/// A program or library that is linked as it starts.
#[derive(Debug)]
pub(super) struct Elf {
    header: Vec<u8>,
    segments: Vec<Segment>,
    /// Tag and value, without the empty ones at the end.
    dynamic: Vec<(u64, u64)>,
    strings: Vec<u8>,
}

impl Elf {
    /// Reads a file; nothing for one that is no such program or library.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let mut header = vec![0; HEADER];
        match file.read_exact_at(&mut header, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            done => done?,
        }
        // 64 bits, little-endian, with program headers of the size that is known here.
        let known = header.starts_with(b"\x7fELF\x02\x01");
        if !known || usize::from(u16_at(&header, 54)) != SEGMENT {
            return Ok(None);
        }
        let count = usize::from(u16_at(&header, 56));
        let mut table = vec![0; count * SEGMENT];
        file.read_exact_at(&mut table, u64_at(&header, 32))?;
        let segments: Vec<Segment> = table.chunks_exact(SEGMENT).map(Segment::parse).collect();
        let Some(place) = segments.iter().find(|segment| segment.kind == DYNAMIC) else {
            return Ok(None);
        };
        let bytes = read(&file, place.offset, place.file_size)?;
        let dynamic: Vec<(u64, u64)> = bytes
            .chunks_exact(16)
            .map(|entry| (u64_at(entry, 0), u64_at(entry, 8)))
            .take_while(|(tag, _)| *tag != NULL)
            .collect();
        let mut elf = Self { header, segments, dynamic, strings: Vec::new() };
        let (Some(address), Some(size)) = (elf.value(STRTAB), elf.value(STRSZ)) else {
            return Ok(None);
        };
        let Some(offset) = elf.offset_of(address) else { return Ok(None) };
        elf.strings = read(&file, offset, size)?;
        Ok(Some(elf))
    }

    /// A program that can be run, not only a library.
    pub(super) fn is_program(&self) -> bool {
        self.segments.iter().any(|segment| segment.kind == INTERP)
    }

    /// Where it looks for its libraries of itself.
    pub(super) fn search_path(&self) -> Vec<&str> {
        let value = self.value(RUNPATH).or(self.value(RPATH));
        let text = value.map_or("", |offset| self.string(offset));
        text.split(':').filter(|folder| !folder.is_empty()).collect()
    }

    /// The libraries that it names.
    pub(super) fn needed(&self) -> Vec<&str> {
        let needed = self.dynamic.iter().filter(|(tag, _)| *tag == NEEDED);
        needed.map(|(_, offset)| self.string(*offset)).collect()
    }

    fn value(&self, wanted: u64) -> Option<u64> {
        self.dynamic.iter().find(|(tag, _)| *tag == wanted).map(|(_, value)| *value)
    }

    fn string(&self, offset: u64) -> &str {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.strings.get(start..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        std::str::from_utf8(&rest[..end]).unwrap_or_default()
    }

    fn offset_of(&self, address: u64) -> Option<u64> {
        let inside = |segment: &&Segment| {
            segment.kind == LOAD
                && (segment.address..segment.address.saturating_add(segment.file_size))
                    .contains(&address)
        };
        let segment = self.segments.iter().find(inside)?;
        segment.offset.checked_add(address - segment.address)
    }

    /// Makes the file at `path`, which this was read from, look in `folders` before everything
    /// else, for its libraries' libraries too, and load `more` as if it had named them.
    pub(super) fn rewrite(mut self, path: &Path, folders: &str, more: &[&str]) -> io::Result<()> {
        let no_room = || io::Error::other("its header has no room for where its libraries are");
        let room = self.segments.iter().find(|segment| segment.kind == DYNAMIC).copied();
        let room = room.ok_or_else(no_room)?;
        let old_table = self.value(STRTAB).unwrap_or_default();
        let mut add = |text: &str| {
            let offset = self.strings.len() as u64;
            self.strings.extend_from_slice(text.as_bytes());
            self.strings.push(0);
            offset
        };
        let own = add(folders);
        let mut wanted = vec![(RPATH, own)];
        wanted.extend(more.iter().map(|name| (NEEDED, add(name))));
        self.dynamic.retain(|(tag, _)| ![RPATH, RUNPATH].contains(tag));
        // One empty entry ends the list.
        let capacity = usize::try_from(room.file_size / 16).unwrap_or_default().saturating_sub(1);
        if self.dynamic.len() + wanted.len() > capacity {
            self.dynamic.retain(|(tag, _)| *tag != RELACOUNT);
        }
        if self.dynamic.len() + wanted.len() > capacity {
            return Err(no_room());
        }
        self.dynamic.append(&mut wanted);

        let file = OpenOptions::new().read(true).write(true).open(path)?;
        // Of both the place in the file and in memory, whatever size pages have.
        let align: u64 = if cfg!(target_arch = "aarch64") { 0x1_0000 } else { 0x1000 };
        let offset = file.metadata()?.len().next_multiple_of(align);
        let loads = || self.segments.iter().filter(|segment| segment.kind == LOAD);
        let end = loads().map(|segment| segment.address.saturating_add(segment.memory_size)).max();
        let address = end.ok_or_else(no_room)?.next_multiple_of(align);
        let size = self.strings.len() as u64;
        let note = self.segments.iter().rposition(|segment| segment.kind == NOTE);
        self.segments.remove(note.ok_or_else(no_room)?);
        let last = self.segments.iter().rposition(|segment| segment.kind == LOAD);
        let table = Segment {
            kind: LOAD,
            flags: 4,
            offset,
            address,
            file_size: size,
            memory_size: size,
            align,
        };
        self.segments.insert(last.ok_or_else(no_room)? + 1, table);
        for (tag, value) in &mut self.dynamic {
            match *tag {
                STRTAB => *value = address,
                STRSZ => *value = size,
                _ => {}
            }
        }

        file.write_all_at(&self.strings, offset)?;
        let mut dynamic: Vec<u8> = self
            .dynamic
            .iter()
            .flat_map(|(tag, value)| [tag.to_le_bytes(), value.to_le_bytes()])
            .flatten()
            .collect();
        dynamic.resize(usize::try_from(room.file_size).unwrap_or_default(), 0);
        file.write_all_at(&dynamic, room.offset)?;
        let segments: Vec<u8> = self.segments.iter().flat_map(Segment::bytes).collect();
        file.write_all_at(&segments, u64_at(&self.header, 32))?;
        self.move_section(&file, old_table, (address, offset, size))
    }

    /// Linkers and debuggers find the table by another list, which a stripped file may lack.
    fn move_section(
        &self,
        file: &File,
        old_address: u64,
        (address, offset, size): (u64, u64, u64),
    ) -> io::Result<()> {
        let (start, count) = (u64_at(&self.header, 40), usize::from(u16_at(&self.header, 60)));
        if start == 0 || usize::from(u16_at(&self.header, 58)) != SECTION {
            return Ok(());
        }
        let mut sections = vec![0; count * SECTION];
        file.read_exact_at(&mut sections, start)?;
        for (number, section) in sections.chunks_exact(SECTION).enumerate() {
            let is_table = u32_at(section, 4) == 3 && u64_at(section, 16) == old_address;
            if is_table {
                let place = start + (number * SECTION) as u64 + 16;
                let values = [address, offset, size].map(u64::to_le_bytes).concat();
                file.write_all_at(&values, place)?;
            }
        }
        Ok(())
    }
}

fn read(file: &File, offset: u64, size: u64) -> io::Result<Vec<u8>> {
    if size > LARGEST_TABLE {
        return Err(io::Error::other("a table of it is too large"));
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[track_caller]
    fn run(command: &mut Command) -> String {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_program_finds_libraries_where_it_is_told_and_links_as_before() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
        write("deep.c", "int deep(void) { return 40; }");
        write("lib.c", "int deep(void); int lib(void) { return deep() + 2; }");
        write("main.c", "int lib(void); int main(void) { return lib() - 42; }");
        write(
            "more.c",
            "#include <stdio.h>\n__attribute__((constructor)) void c(void) { puts(\"more\"); }",
        );
        fs::create_dir(path("hidden")).unwrap();
        let cc = |arguments: &[&str]| {
            run(Command::new("cc").current_dir(place.path()).args(arguments));
        };
        cc(&["-shared", "-fPIC", "deep.c", "-o", "hidden/libdeep.so"]);
        cc(&["-shared", "-fPIC", "more.c", "-o", "hidden/libmore.so"]);
        // This one says itself where to look, and wrongly: it has to be told anew.
        cc(&[
            "-shared",
            "-fPIC",
            "lib.c",
            "-o",
            "hidden/liblib.so",
            "-Lhidden",
            "-ldeep",
            "-Wl,-rpath,/nowhere",
        ]);
        cc(&["main.c", "-o", "main", "-Lhidden", "-llib", "-ldeep"]);
        let main = path("main");
        assert!(!Command::new(&main).output().unwrap().status.success());

        let hidden = path("hidden").display().to_string();
        let library = path("hidden/liblib.so");
        let elf = Elf::open(&library).unwrap().unwrap();
        assert_eq!((elf.search_path(), elf.is_program()), (vec!["/nowhere"], false));
        elf.rewrite(&library, &hidden, &[]).unwrap();
        let elf = Elf::open(&main).unwrap().unwrap();
        assert!(elf.is_program() && elf.needed().contains(&"liblib.so"));
        elf.rewrite(&main, &hidden, &["libmore.so"]).unwrap();
        assert_eq!(run(&mut Command::new(&main)), "more\n");
        let again = Elf::open(&main).unwrap().unwrap();
        assert_eq!(again.search_path(), [hidden.as_str()]);
        assert!(again.needed().contains(&"libmore.so"));
        // Twice is no more than once, and a linker can still link with it.
        again.rewrite(&main, &hidden, &[]).unwrap_or_default();
        assert_eq!(run(&mut Command::new(&main)), "more\n");
        cc(&["main.c", "-o", "other", "-Lhidden", "-llib", &format!("-Wl,-rpath,{hidden}")]);
        run(&mut Command::new(path("other")));
    }

    #[test]
    fn real_programs_run_after_it() {
        let place = tempfile::tempdir().unwrap();
        for program in ["/bin/bash", "/usr/bin/perl", "/bin/ls"] {
            if !Path::new(program).exists() {
                continue;
            }
            let copy = place.path().join("copy");
            fs::copy(program, &copy).unwrap();
            Elf::open(&copy).unwrap().unwrap().rewrite(&copy, "/nowhere", &[]).unwrap();
            assert!(!run(Command::new(&copy).arg("--version")).is_empty(), "{program}");
        }
    }

    #[test]
    fn what_is_none_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x");
        for bytes in [&b""[..], b"#!/bin/sh\n", &[0x7f; 100]] {
            fs::write(&path, bytes).unwrap();
            assert!(Elf::open(&path).unwrap().is_none());
        }
        // Cut and broken ones give an error or nothing, and never a panic.
        let whole = fs::read("/bin/ls").unwrap();
        for at in (0..whole.len().min(0x1000)).step_by(37) {
            let mut broken = whole.clone();
            broken[at] ^= 0xff;
            fs::write(&path, &broken).unwrap();
            if let Ok(Some(elf)) = Elf::open(&path) {
                drop(elf.rewrite(&path, "/x", &[]));
            }
        }
    }
}
