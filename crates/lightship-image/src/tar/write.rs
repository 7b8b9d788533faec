//! Writes tars of which every byte follows from the entries: ustar headers with numeric owners
//! and no names, PAX records only for what a ustar header can't hold.

use std::io::{self, Read, Write};

const BLOCK: usize = 512;
/// The largest number in a field of eight bytes: seven octal digits.
const MOST_SHORT: u64 = 0o777_7777;
/// The largest number in a field of twelve bytes: eleven octal digits.
const MOST_LONG: u64 = 0o777_7777_7777;

/// One entry, in front of its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// Without a slash in front or behind.
    pub path: &'a str,
    pub kind: Kind<'a>,
    /// The twelve permission bits.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    Directory,
    /// With so many bytes.
    File(u64),
    /// With its target as it is written.
    Symlink(&'a str),
    /// To the path of an earlier entry.
    HardLink(&'a str),
}

/// A tar that is being written.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    buffer: Box<[u8]>,
}

impl<W: Write> Writer<W> {
    pub fn new(out: W) -> Self {
        Self { out, buffer: vec![0; 128 << 10].into() }
    }

    /// Writes an entry that has no bytes.
    pub fn entry(&mut self, header: &Header<'_>) -> io::Result<()> {
        self.file(header, &mut io::empty())
    }

    /// Writes an entry and its bytes.
    ///
    /// # Errors
    /// Also when `bytes` are more or fewer than the header says.
    pub fn file(&mut self, header: &Header<'_>, bytes: &mut dyn Read) -> io::Result<()> {
        let Kind::File(size) = header.kind else { return self.header(header) };
        self.header(header)?;
        let came = self.copy(&mut bytes.take(size))?;
        if came < size {
            let reason = format!("`{}` has {came} bytes, expected were {size}", header.path);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
        }
        if bytes.read(&mut [0])? > 0 {
            let reason = format!("`{}` has more than the expected {size} bytes", header.path);
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        self.pad(size)
    }

    fn copy(&mut self, bytes: &mut dyn Read) -> io::Result<u64> {
        let mut came = 0;
        loop {
            let count = match bytes.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                count => count?,
            };
            if count == 0 {
                return Ok(came);
            }
            self.out.write_all(&self.buffer[..count])?;
            came += count as u64;
        }
    }

    /// Writes the end and gives what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }

    fn header(&mut self, header: &Header<'_>) -> io::Result<()> {
        let plan = plan(header);
        if !plan.records.is_empty() {
            let size = plan.records.len() as u64;
            let path = plan.short("PaxHeaders/");
            let mut block = Fields { kind: b'x', mode: 0o644, size, ..Fields::default() };
            (block.prefix, block.name) = ("", path.as_str());
            self.out.write_all(&block.block())?;
            self.out.write_all(plan.records.as_bytes())?;
            self.pad(size)?;
        }
        self.out.write_all(&plan.fields.block())
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
        let missing = (BLOCK - over) % BLOCK;
        self.out.write_all(&[0; BLOCK][..missing])
    }
}

/// What stands in a ustar header.
#[derive(Clone, Copy, Debug, Default)]
struct Fields<'a> {
    prefix: &'a str,
    name: &'a str,
    link: &'a str,
    kind: u8,
    mode: u64,
    uid: u64,
    gid: u64,
    size: u64,
    mtime: u64,
}

/// A header, and the PAX records in front of it.
struct Plan<'a> {
    fields: Fields<'a>,
    records: String,
    path: &'a str,
}

fn plan<'a>(header: &Header<'a>) -> Plan<'a> {
    let mut records = String::new();
    let mut record = |key: &str, value: &str| records.push_str(&pax_record(key, value));
    let mut fields = Fields { mode: header.mode.into(), ..Fields::default() };
    (fields.kind, fields.size, fields.link) = match header.kind {
        Kind::File(size) => (b'0', size, ""),
        Kind::HardLink(target) => (b'1', 0, target),
        Kind::Symlink(target) => (b'2', 0, target),
        Kind::Directory => (b'5', 0, ""),
    };
    (fields.prefix, fields.name) = split(header.path).unwrap_or_else(|| {
        record("path", header.path);
        ("", fitting(header.path, 100))
    });
    if fields.link.len() > 100 || !fields.link.is_ascii() {
        record("linkpath", fields.link);
        fields.link = fitting(fields.link, 100);
    }
    let mut number = |key: &str, value: u64, most: u64| {
        if value > most {
            record(key, &value.to_string());
            return 0;
        }
        value
    };
    fields.uid = number("uid", header.uid.into(), MOST_SHORT);
    fields.gid = number("gid", header.gid.into(), MOST_SHORT);
    fields.size = number("size", fields.size, MOST_LONG);
    fields.mtime = number("mtime", header.mtime, MOST_LONG);
    Plan { fields, records, path: header.path }
}

impl Plan<'_> {
    /// A name for the block of records that any old reader can take as a file's.
    fn short(&self, before: &str) -> String {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        let ascii: String = name.chars().filter(char::is_ascii).collect();
        format!("{before}{}", fitting(&ascii, 100 - before.len()))
    }
}

/// A path as the prefix and the name of a ustar header; nothing where it does not fit.
fn split(path: &str) -> Option<(&str, &str)> {
    if !path.is_ascii() {
        return None;
    }
    if path.len() <= 100 {
        return Some(("", path));
    }
    // The shortest name, so that the choice does not depend on the limits of the other part.
    let slash = path.match_indices('/').map(|(at, _)| at).rfind(|at| *at <= 155)?;
    let (prefix, name) = (&path[..slash], &path[slash + 1..]);
    (name.len() <= 100 && !name.is_empty()).then_some((prefix, name))
}

/// The beginning of `text`, of at most `most` bytes.
fn fitting(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// `LENGTH KEY=VALUE` and a line's end, where the length counts itself.
fn pax_record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

impl Fields<'_> {
    fn block(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let mut put = |at: usize, text: &str| {
            block[at..at + text.len()].copy_from_slice(text.as_bytes());
        };
        put(0, self.name);
        put(100, &format!("{:07o}", self.mode));
        put(108, &format!("{:07o}", self.uid));
        put(116, &format!("{:07o}", self.gid));
        put(124, &format!("{:011o}", self.size));
        put(136, &format!("{:011o}", self.mtime));
        put(148, "        ");
        put(157, self.link);
        put(257, "ustar\x0000");
        put(329, "0000000");
        put(337, "0000000");
        put(345, self.prefix);
        block[156] = self.kind;
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block
    }
}

#[cfg(test)]
mod tests;
