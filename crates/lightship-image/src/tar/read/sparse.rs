//! Sparse files: where the pieces lie that a tar stores.

use super::pax::decimal;

/// Of one file. A million pieces are 16 MB of table.
pub(super) const MOST_PIECES: usize = 1 << 20;

/// The pieces of a file, in order, that lie within it and are what the tar stores.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) pieces: Vec<(u64, u64)>,
    /// Of the file with its holes.
    pub(super) size: u64,
}

impl Map {
    pub(super) fn new(
        pieces: Vec<(u64, u64)>,
        size: u64,
        stored: u64,
    ) -> Result<Self, &'static str> {
        const WRONG: &str = "the table of a sparse file is wrong";
        let (mut end, mut sum) = (0, 0_u64);
        for (offset, length) in &pieces {
            if *offset < end {
                return Err(WRONG);
            }
            end = offset.checked_add(*length).ok_or(WRONG)?;
            sum = sum.checked_add(*length).ok_or(WRONG)?;
        }
        if pieces.len() > MOST_PIECES || end > size || sum != stored {
            return Err(WRONG);
        }
        Ok(Self { pieces, size })
    }
}

/// The table of format 1.0: a count, then that many pairs, each number on a line.
#[derive(Debug, Default)]
pub(super) struct Table {
    count: Option<u64>,
    numbers: Vec<u64>,
    /// Of a number that goes on in the next block.
    digits: Vec<u8>,
}

impl Table {
    pub(super) fn is_whole(&self) -> bool {
        self.count.is_some_and(|count| self.numbers.len() as u64 == count * 2)
    }

    pub(super) fn read(&mut self, block: &[u8]) -> Result<(), &'static str> {
        const WRONG: &str = "the table of a sparse file is wrong";
        for byte in block {
            if self.is_whole() {
                break;
            }
            if *byte != b'\n' {
                self.digits.push(*byte);
                if self.digits.len() > 20 {
                    return Err(WRONG);
                }
                continue;
            }
            let digits = std::mem::take(&mut self.digits);
            let number = decimal(&digits).ok_or(WRONG)?;
            if self.count.is_none() {
                let most = u64::try_from(MOST_PIECES).unwrap_or(u64::MAX);
                self.count = Some(number).filter(|count| *count <= most);
                self.count.ok_or("a sparse file has too many pieces")?;
            } else {
                self.numbers.push(number);
            }
        }
        Ok(())
    }

    pub(super) fn pieces(&self) -> Vec<(u64, u64)> {
        self.numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    }
}

/// Gives `count` zeros to `sink`.
pub(super) fn zeros(mut count: u64, sink: &mut impl FnMut(&[u8])) {
    const ZEROS: [u8; 16 << 10] = [0; 16 << 10];
    while count > 0 {
        let piece = ZEROS.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        sink(&ZEROS[..piece]);
        count -= piece as u64;
    }
}
