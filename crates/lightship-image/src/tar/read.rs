//! Reads a tar as a stream, and knows at which byte each entry begins: what a layer's packed
//! bytes are charged to depends on that. ustar, PAX, GNU's long names and sparse files.
//!
//! Where readers differ, it does as Go's does, since that is what container engines unpack with:
//! entries that are no files have no content, whatever their header says, and a stream may end
//! without the two blocks of zeros. Everything else that is odd is an error with its place.

mod entry;
mod header;
mod pax;
mod sparse;

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

pub use self::entry::{Header, Type};
use self::header::{BLOCK, Block, LENGTH};
use self::pax::Extended;
use self::sparse::Map;

/// Of a PAX header, a GNU long name or a table of a sparse file, in bytes.
const LONGEST_EXTENSION: u64 = 1 << 20;
/// Of a path or the target of a link, in bytes: Linux takes no longer ones.
const LONGEST_PATH: usize = 4096;

/// Holes are given as zeros where a file of `size` bytes stores `stored` of them. Beyond this
/// nobody waits for a petabyte of nothing; a compressor could say as much in as few bytes.
pub fn expands(size: u64, stored: u64) -> bool {
    size <= stored.saturating_mul(1024).saturating_add(16 << 20)
}

/// Why a tar can't be read.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    #[error("the tar can't be read at byte {at}")]
    Read { at: u64, source: io::Error },
    #[error("the tar is wrong at byte {at}: {what}")]
    Wrong { at: u64, what: &'static str },
}

/// A tar that is read from front to back.
#[derive(Debug)]
pub struct Reader<R> {
    inner: R,
    /// Bytes read so far.
    at: u64,
    /// Of the current entry: what is left of its bytes in the tar, and the padding behind.
    left: u64,
    padding: u64,
    /// Whether the current entry is a file: what else has bytes has no content.
    is_file: bool,
    /// Of the current entry, when it is sparse.
    map: Option<Map>,
}

impl<R: BufRead> Reader<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, at: 0, left: 0, padding: 0, is_file: false, map: None }
    }

    /// What the tar is read from.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    pub fn into_inner(self) -> R {
        self.inner
    }

    /// How many bytes of the tar were read.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next entry; what is left of the current one's content is passed over. Nothing at the
    /// end, behind which more bytes may stand.
    ///
    /// # Errors
    /// What reading fails with, and a tar that is wrong or ends within an entry.
    pub fn next_header(&mut self) -> Result<Option<Header>, TarError> {
        self.pass_over()?;
        let start = self.at;
        let mut extended = Extended::default();
        loop {
            let at = self.at;
            let Some(block) = self.block()? else {
                if at == start {
                    return Ok(None);
                }
                return Err(self.wrong("it ends behind a header that belongs to a next one"));
            };
            if block.is_zero() {
                return Ok(None);
            }
            block.verify().map_err(|what| TarError::Wrong { at, what })?;
            let wrong = |what| TarError::Wrong { at, what };
            match block.flag() {
                b'x' => {
                    let bytes = self.extension(&block, at)?;
                    extended.read(&bytes).map_err(wrong)?;
                }
                // Of all that follow: only comments are found there in practice, and Go does not
                // apply it either.
                b'g' => drop(self.extension(&block, at)?),
                b'L' => extended.long_path = Some(name(self.extension(&block, at)?)),
                b'K' => extended.long_link = Some(name(self.extension(&block, at)?)),
                _ => return self.entry(start, at, &block, extended).map(Some),
            }
        }
    }

    fn entry(
        &mut self,
        start: u64,
        at: u64,
        block: &Block,
        extended: Extended,
    ) -> Result<Header, TarError> {
        let wrong = |what| TarError::Wrong { at, what };
        let stored = match extended.size {
            Some(size) => size,
            None => block.size().map_err(wrong)?,
        };
        let path = extended.path.or(extended.long_path).unwrap_or_else(|| block.path());
        let mut kind = match block.flag() {
            b'0' | b'\0' | b'7' | b'S' => Type::File,
            b'1' => Type::HardLink,
            b'2' => Type::Symlink,
            b'3' | b'4' | b'6' => Type::Special,
            b'5' => Type::Directory,
            other => Type::Unknown(other),
        };
        // As the tar of version 7 had it.
        if kind == Type::File && path.ends_with(b"/") && block.flag() != b'S' {
            kind = Type::Directory;
        }
        let stored = match kind {
            Type::File | Type::Unknown(_) => stored,
            Type::HardLink | Type::Symlink | Type::Directory | Type::Special => 0,
        };
        self.left = stored;
        self.padding = (BLOCK - stored % BLOCK) % BLOCK;
        self.is_file = kind == Type::File;
        if stored.checked_add(BLOCK).and_then(|size| size.checked_add(self.at)).is_none() {
            return Err(wrong("the size of an entry is out of all bounds"));
        }
        let map = if kind != Type::File {
            None
        } else if block.flag() == b'S' {
            Some(self.old_gnu_map(block, at)?)
        } else if extended.sparse.in_content {
            Some(self.map_in_content(extended.sparse.size, at)?)
        } else {
            extended.sparse.map(stored).map_err(wrong)?
        };
        let path = extended.sparse.name.unwrap_or(path);
        let link = match kind {
            Type::HardLink | Type::Symlink => {
                extended.link.or(extended.long_link).unwrap_or_else(|| block.link())
            }
            _ => Vec::new(),
        };
        if path.len() > LONGEST_PATH || link.len() > LONGEST_PATH {
            return Err(wrong("a path is longer than 4,096 bytes"));
        }
        let size = match &map {
            Some(map) => map.size,
            None if kind == Type::File => stored,
            None => 0,
        };
        let header = Header {
            start,
            path,
            kind,
            link,
            mode: block.mode().map_err(wrong)?,
            uid: extended.uid.map_or_else(|| block.uid(), Ok).map_err(wrong)?,
            gid: extended.gid.map_or_else(|| block.gid(), Ok).map_err(wrong)?,
            mtime: extended.mtime.map_or_else(|| block.mtime(), Ok).map_err(wrong)?,
            size,
            sparse: map.is_some(),
        };
        self.map = map;
        Ok(header)
    }

    /// Gives the content of the current entry to `sink`, piece by piece, holes as zeros.
    /// `false` when it was not given, since its holes are out of all bounds.
    ///
    /// # Errors
    /// What reading fails with, and a tar that ends too early.
    pub fn content(&mut self, mut sink: impl FnMut(&[u8])) -> Result<bool, TarError> {
        let Some(map) = self.map.take() else {
            let whole = if self.is_file { self.left } else { 0 };
            self.pieces(whole, &mut sink)?;
            return Ok(true);
        };
        if !expands(map.size, self.left) {
            self.pass_over()?;
            return Ok(false);
        }
        let mut done = 0;
        for (offset, length) in &map.pieces {
            sparse::zeros(offset - done, &mut sink);
            self.pieces(*length, &mut sink)?;
            done = offset + length;
        }
        sparse::zeros(map.size - done, &mut sink);
        Ok(true)
    }

    /// Reads to the end of the stream: padding, and whatever else stands behind the last entry.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn finish(&mut self) -> Result<(), TarError> {
        loop {
            let at = self.at;
            let count = self.fill(at)?.len();
            if count == 0 {
                return Ok(());
            }
            self.inner.consume(count);
            self.at += count as u64;
        }
    }

    /// The next `count` bytes of the current entry.
    fn pieces(&mut self, count: u64, sink: &mut impl FnMut(&[u8])) -> Result<(), TarError> {
        let mut count = count.min(self.left);
        while count > 0 {
            let at = self.at;
            let bytes = self.fill(at)?;
            let piece = &bytes[..bytes.len().min(usize::try_from(count).unwrap_or(usize::MAX))];
            let length = piece.len();
            if length == 0 {
                return Err(self.wrong("it ends within the content of an entry"));
            }
            sink(piece);
            self.inner.consume(length);
            self.at += length as u64;
            self.left -= length as u64;
            count -= length as u64;
        }
        Ok(())
    }

    /// Passes over what is left of the current entry.
    fn pass_over(&mut self) -> Result<(), TarError> {
        self.map = None;
        self.pieces(u64::MAX, &mut |_| ())?;
        self.left = std::mem::take(&mut self.padding);
        // Some writers leave out the padding behind the very last entry.
        let at = self.at;
        if self.fill(at)?.is_empty() {
            self.left = 0;
        }
        self.pieces(u64::MAX, &mut |_| ())
    }

    fn fill(&mut self, at: u64) -> Result<&[u8], TarError> {
        loop {
            // Asked twice, as the borrow of the first would last too long.
            match self.inner.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(source) => return Err(TarError::Read { at, source }),
                Ok(_) => break,
            }
        }
        self.inner.fill_buf().map_err(|source| TarError::Read { at, source })
    }

    /// The next block; nothing at the end of the stream.
    fn block(&mut self) -> Result<Option<Block>, TarError> {
        let mut block = Block::default();
        let mut filled = 0;
        while filled < block.0.len() {
            let at = self.at;
            let bytes = self.fill(at)?;
            let count = bytes.len().min(block.0.len() - filled);
            if count == 0 {
                if filled == 0 {
                    return Ok(None);
                }
                return Err(self.wrong("it ends within a header"));
            }
            block.0[filled..filled + count].copy_from_slice(&bytes[..count]);
            self.inner.consume(count);
            self.at += count as u64;
            filled += count;
        }
        Ok(Some(block))
    }

    /// The content of a header that says more about the next one.
    fn extension(&mut self, block: &Block, at: u64) -> Result<Vec<u8>, TarError> {
        let size = block.size().map_err(|what| TarError::Wrong { at, what })?;
        if size > LONGEST_EXTENSION {
            return Err(TarError::Wrong { at, what: "a header is longer than 1 MiB" });
        }
        self.left = size;
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
        let mut bytes = Vec::new();
        self.pieces(size, &mut |piece| bytes.extend_from_slice(piece))?;
        self.pass_over()?;
        Ok(bytes)
    }

    /// GNU's first format: four pieces in the header, the others in blocks behind it.
    fn old_gnu_map(&mut self, block: &Block, at: u64) -> Result<Map, TarError> {
        let wrong = |what| TarError::Wrong { at, what };
        let mut pieces = Vec::new();
        let mut more = block.sparse_pieces(386, 4, 482, &mut pieces).map_err(wrong)?;
        while more {
            if pieces.len() > sparse::MOST_PIECES {
                return Err(wrong("a sparse file has too many pieces"));
            }
            let Some(next) = self.block()? else {
                return Err(self.wrong("it ends within the table of a sparse file"));
            };
            more = next.sparse_pieces(0, 21, 504, &mut pieces).map_err(wrong)?;
        }
        let size = block.number(483, 12).map_err(wrong)?;
        Map::new(pieces, size, self.left).map_err(wrong)
    }

    /// PAX's format 1.0: a table of decimal numbers in front of the content.
    fn map_in_content(&mut self, size: Option<u64>, at: u64) -> Result<Map, TarError> {
        let wrong = |what| TarError::Wrong { at, what };
        let mut table = sparse::Table::default();
        let mut block = [0; LENGTH];
        while !table.is_whole() {
            if self.left < BLOCK {
                return Err(wrong("the table of a sparse file has no end"));
            }
            let mut filled = 0;
            self.pieces(BLOCK, &mut |piece| {
                block[filled..filled + piece.len()].copy_from_slice(piece);
                filled += piece.len();
            })?;
            table.read(&block).map_err(wrong)?;
        }
        let size = size.ok_or_else(|| wrong("a sparse file does not say its size"))?;
        Map::new(table.pieces(), size, self.left).map_err(wrong)
    }

    fn wrong(&self, what: &'static str) -> TarError {
        TarError::Wrong { at: self.at, what }
    }
}

impl<R: Read + Seek> Reader<BufReader<R>> {
    /// Passes over the current entry's content without reading it. What ends within it is not
    /// noticed.
    ///
    /// # Errors
    /// What seeking fails with.
    pub fn seek_over(&mut self) -> Result<(), TarError> {
        let failed = |source| TarError::Read { at: self.at, source };
        self.map = None;
        let by = i64::try_from(self.left)
            .map_err(|_| TarError::Wrong { at: self.at, what: "an entry is too long" })?;
        let buffered = i64::try_from(self.inner.buffer().len()).unwrap_or(i64::MAX);
        // The reader below only goes on, and `BufReader` would go back by what it holds.
        if by <= buffered {
            self.inner.consume(usize::try_from(by).unwrap_or_default());
        } else {
            self.inner.consume(usize::try_from(buffered).unwrap_or_default());
            self.inner.seek(SeekFrom::Current(by - buffered)).map_err(failed)?;
        }
        self.at += self.left;
        self.left = 0;
        Ok(())
    }
}

/// A name as GNU writes it: with a zero at its end.
fn name(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}

#[cfg(test)]
mod tests;
