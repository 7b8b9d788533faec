//! Reading tar: ustar, GNU's and POSIX's extensions, as far as tools are packed with them.
//!
//! One pass, no seeking, bounded memory. Where two headers could be read in two ways, so that two
//! readers would see two archives, it is an error.

use std::io::{self, Read};
use std::time::{Duration, SystemTime};

use super::name::shown;
use super::refuse;

/// Tar's unit, in bytes.
pub(super) const BLOCK: usize = 512;
/// The longest extension of an entry that is read, in bytes: names are shorter.
const EXTENSION: u64 = 1 << 20;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    Symlink,
    HardLink,
}

/// An entry's header.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) executable: bool,
    pub(super) modified: Option<SystemTime>,
}

/// Whether `block` begins a tar: its checksum is right.
pub(super) fn is_header(block: &[u8]) -> bool {
    <&[u8; BLOCK]>::try_from(block).is_ok_and(|block| block[0] != 0 && checksum_holds(block))
}

/// An archive; as a reader, the content of the entry that came last.
pub(super) struct Tar<R> {
    reader: R,
    /// Bytes of the content that were not read yet.
    left: u64,
    /// What fills the content's last block.
    padding: u64,
}

/// What extension headers say of the entry that follows.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
}

impl<R: Read> Tar<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, left: 0, padding: 0 }
    }

    /// The next entry; nothing at the archive's end, behind which only zeros may lie.
    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        self.skip()?;
        let mut extended = Extended::default();
        loop {
            let Some(block) = self.block()? else {
                return if extended.is_empty() { Ok(None) } else { Err(cut()) };
            };
            if block.iter().all(|byte| *byte == 0) {
                self.only_zeros()?;
                return Ok(None);
            }
            if !checksum_holds(&block) {
                return Err(refuse("a header's checksum is wrong"));
            }
            match block[156] {
                // A volume's label, and what holds for all entries: nothing of it is used.
                b'V' | b'g' => drop(self.extension(&block)?),
                b'x' => extended.pax(&self.extension(&block)?)?,
                b'L' => extended.name = Some(up_to_nul(&self.extension(&block)?).to_owned()),
                b'K' => extended.target = Some(up_to_nul(&self.extension(&block)?).to_owned()),
                _ => return self.entry(&block, extended).map(Some),
            }
        }
    }

    fn entry(&mut self, block: &[u8; BLOCK], extended: Extended) -> io::Result<Entry> {
        let name = extended.name.unwrap_or_else(|| header_name(block));
        let target = extended.target.unwrap_or_else(|| up_to_nul(&block[157..257]).to_owned());
        let fail = |what: &str| refuse(format!("{} {what}", shown(&name)));
        let size = match extended.size {
            Some(size) => size,
            None => number(&block[124..136]).ok_or_else(|| fail("has a size that is no number"))?,
        };
        let kind = match block[156] {
            // Before there were types, a directory was a file whose name said so.
            0 | b'0' if name.ends_with(b"/") => Kind::Directory,
            0 | b'0' | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'5' => Kind::Directory,
            b'3' | b'4' => return Err(fail("is a device, which is not unpacked")),
            b'6' => return Err(fail("is a pipe, which is not unpacked")),
            b'S' => return Err(fail("is a sparse file, which is not unpacked")),
            other => {
                let what = format!("is of a kind that is not known: {:?}", char::from(other));
                return Err(fail(&what));
            }
        };
        if kind != Kind::File && size != 0 {
            return Err(fail("is no file and yet has content"));
        }
        self.content(size);
        let mode = number(&block[100..108]).unwrap_or(0o644);
        let seconds = number(&block[136..148]).unwrap_or_default();
        Ok(Entry {
            name,
            target,
            kind,
            executable: mode & 0o111 != 0,
            modified: SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        })
    }

    /// The content of an extension header.
    fn extension(&mut self, block: &[u8; BLOCK]) -> io::Result<Vec<u8>> {
        let size = number(&block[124..136]).filter(|size| *size <= EXTENSION);
        let size = size.ok_or_else(|| refuse("an extension header is too long"))?;
        self.content(size);
        let mut content = Vec::new();
        self.read_to_end(&mut content)?;
        self.skip()?;
        Ok(content)
    }

    fn content(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    /// Goes to the next header.
    fn skip(&mut self) -> io::Result<()> {
        io::copy(self, &mut io::sink())?;
        let padding = std::mem::take(&mut self.padding);
        let skipped = io::copy(&mut self.reader.by_ref().take(padding), &mut io::sink())?;
        if skipped < padding { Err(cut()) } else { Ok(()) }
    }

    /// One header; nothing where the archive ends without its mark, as some writers leave it.
    fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut block = Vec::with_capacity(BLOCK);
        self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        if block.is_empty() {
            return Ok(None);
        }
        block.try_into().map(Some).map_err(|_| cut())
    }

    fn only_zeros(&mut self) -> io::Result<()> {
        let mut rest = vec![0; 32 * 1024];
        loop {
            let count = self.reader.read(&mut rest)?;
            if count == 0 {
                return Ok(());
            }
            if rest[..count].iter().any(|byte| *byte != 0) {
                return Err(refuse("there is something behind the archive's end"));
            }
        }
    }
}

impl<R: Read> Read for Tar<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.reader.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(cut());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

impl Extended {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.target.is_none() && self.size.is_none()
    }

    /// Takes POSIX's records: `LENGTH KEY=VALUE\n`, one after the other.
    fn pax(&mut self, mut rest: &[u8]) -> io::Result<()> {
        let broken = || refuse("an extension header is broken");
        while !rest.is_empty() {
            let space = rest.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
            let length = decimal(&rest[..space]).ok_or_else(broken)?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let record = rest.get(space + 1..length).and_then(|record| record.strip_suffix(b"\n"));
            let record = record.ok_or_else(broken)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.name = Some(value.to_owned()),
                b"linkpath" => self.target = Some(value.to_owned()),
                b"size" => self.size = Some(decimal(value).ok_or_else(broken)?),
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(refuse("it holds a sparse file, which is not unpacked"));
                }
                _ => {}
            }
            rest = &rest[length..];
        }
        Ok(())
    }
}

fn cut() -> io::Error {
    refuse("it is cut off: the end is missing")
}

/// The name, with ustar's prefix.
fn header_name(block: &[u8; BLOCK]) -> Vec<u8> {
    let name = up_to_nul(&block[..100]);
    let prefix = up_to_nul(&block[345..500]);
    if &block[257..263] != b"ustar\0" || prefix.is_empty() {
        return name.to_owned();
    }
    [prefix, b"/", name].concat()
}

fn up_to_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Octal digits between blanks, or GNU's big-endian bytes behind a set bit.
fn number(field: &[u8]) -> Option<u64> {
    if let [first @ 0x80..=0xff, rest @ ..] = field {
        let mut value = u64::from(first & 0x7f);
        for byte in rest {
            value = value.checked_mul(256)? | u64::from(*byte);
        }
        return Some(value);
    }
    let digits = up_to_nul(field).trim_ascii();
    if digits.is_empty() {
        return Some(0);
    }
    digits.iter().try_fold(0u64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let text = str::from_utf8(digits).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The sum of all bytes, with blanks for itself; some old writers took the bytes as signed.
fn checksum_holds(block: &[u8; BLOCK]) -> bool {
    let Some(wanted) = number(&block[148..156]) else { return false };
    let bytes =
        || (0..).zip(block).map(|(at, byte)| if (148..156).contains(&at) { b' ' } else { *byte });
    let unsigned: u64 = bytes().map(u64::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    wanted == unsigned || i64::try_from(wanted) == Ok(signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_big_endian_and_nothing_else() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(b"\0\0\0"), Some(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Some(1 << 33));
        assert_eq!(number(&[0xff; 12]), None);
        assert_eq!(number(b"0009"), None);
        assert_eq!(number(b"-1"), None);
        assert_eq!(decimal(b"+1"), None);
    }

    #[test]
    fn records_that_dont_add_up_are_broken() {
        let read = |records: &[u8]| {
            let mut extended = Extended::default();
            extended.pax(records).map(|()| extended)
        };
        let good = read(b"12 path=a/b\n11 size=12\n").unwrap();
        assert_eq!((good.name.as_deref(), good.size), (Some(&b"a/b"[..]), Some(12)));
        for bad in ["x", "5 a=b", "99 path=a\n", "0 path=a\n", "7 a b c\n", "11 size=-1\n", "2 \n"]
        {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
