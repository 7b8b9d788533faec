//! The block of 512 bytes that stands in front of each entry.

/// Everything in a tar has a multiple of this length, in bytes.
pub(super) const BLOCK: u64 = LENGTH as u64;
pub(super) const LENGTH: usize = 512;

#[derive(Clone, Debug)]
pub(super) struct Block(pub(super) [u8; LENGTH]);

impl Default for Block {
    fn default() -> Self {
        Self([0; LENGTH])
    }
}

impl Block {
    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Checks the sum over the header, which some old writers made of signed bytes.
    pub(super) fn verify(&self) -> Result<(), &'static str> {
        let stated = self.number(148, 8).map_err(|_| "a header has no checksum")?;
        let own = |at: usize, byte: u8| if (148..156).contains(&at) { b' ' } else { byte };
        let bytes = || self.0.iter().enumerate().map(|(at, byte)| own(at, *byte));
        let unsigned: u64 = bytes().map(u64::from).sum();
        let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
        if stated == unsigned || i64::try_from(stated) == Ok(signed) {
            Ok(())
        } else {
            Err("the checksum of a header does not hold")
        }
    }

    pub(super) fn flag(&self) -> u8 {
        self.0[156]
    }

    pub(super) fn path(&self) -> Vec<u8> {
        let name = self.text(0, 100);
        // GNU's magic has blanks here, and other fields where the prefix would be.
        let prefix = if &self.0[257..263] == b"ustar\0" { self.text(345, 155) } else { &[] };
        if prefix.is_empty() { name.to_vec() } else { [prefix, name].join(&b'/') }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        self.text(157, 100).to_vec()
    }

    pub(super) fn mode(&self) -> Result<u32, &'static str> {
        let mode = self.number(100, 8)?;
        u32::try_from(mode & 0o7777).map_err(|_| "a mode is no number")
    }

    pub(super) fn uid(&self) -> Result<u64, &'static str> {
        self.number(108, 8)
    }

    pub(super) fn gid(&self) -> Result<u64, &'static str> {
        self.number(116, 8)
    }

    pub(super) fn size(&self) -> Result<u64, &'static str> {
        self.number(124, 12)
    }

    /// Seconds since 1970, which may be before it.
    pub(super) fn mtime(&self) -> Result<i64, &'static str> {
        signed(&self.0[136..148])
    }

    /// A number from 0 on.
    pub(super) fn number(&self, at: usize, length: usize) -> Result<u64, &'static str> {
        let number = signed(self.0.get(at..at + length).unwrap_or_default())?;
        u64::try_from(number).map_err(|_| "a number is below zero")
    }

    /// Adds up to `count` pairs of offset and length from `at` on; whether more follow.
    pub(super) fn sparse_pieces(
        &self,
        at: usize,
        count: usize,
        more: usize,
        pieces: &mut Vec<(u64, u64)>,
    ) -> Result<bool, &'static str> {
        for pair in 0..count {
            let at = at + pair * 24;
            if self.0.get(at).is_none_or(|byte| *byte == 0) {
                break;
            }
            pieces.push((self.number(at, 12)?, self.number(at + 12, 12)?));
        }
        Ok(self.0.get(more).is_some_and(|byte| *byte != 0))
    }

    /// A field up to its first zero.
    fn text(&self, at: usize, length: usize) -> &[u8] {
        let field = &self.0[at..at + length];
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(length);
        &field[..end]
    }
}

/// Octal digits between blanks and zeros, or GNU's binary numbers.
fn signed(field: &[u8]) -> Result<i64, &'static str> {
    const TOO_LARGE: &str = "a number is too large";
    let Some(first) = field.first() else { return Ok(0) };
    if first & 0x80 != 0 {
        // Two's complement, of which the first bit only tells that it is binary.
        let first = i128::from(first & 0x7f) - i128::from(first & 0x40) * 2;
        let number = field[1..].iter().try_fold(first, |number: i128, byte| {
            number.checked_mul(256)?.checked_add(i128::from(*byte))
        });
        return number.and_then(|number| i64::try_from(number).ok()).ok_or(TOO_LARGE);
    }
    let digits = field.iter().position(|byte| !matches!(byte, b' ' | 0)).unwrap_or(field.len());
    let digits = &field[digits..];
    let end = digits.iter().position(|byte| matches!(byte, b' ' | 0)).unwrap_or(digits.len());
    digits[..end].iter().try_fold(0_i64, |number, digit| match digit {
        b'0'..=b'7' => number
            .checked_mul(8)
            .and_then(|number| number.checked_add(i64::from(digit - b'0')))
            .ok_or(TOO_LARGE),
        _ => Err("a number is not octal"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        for (field, number) in [
            (&b"0000644\0"[..], 0o644),
            (b"   644 \0", 0o644),
            (b"\0\0\0\0\0\0\0\0", 0),
            (b"77777777", 0o7777_7777),
            (b"\x80\0\0\0\0\0\x01\0", 256),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", -1),
            (b"\xff\xff\xff\xff\xff\xff\xff\x00", -256),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", i64::MAX),
        ] {
            assert_eq!(signed(field), Ok(number), "{field:?}");
        }
        assert!(signed(b"\x80\0\0\0\x80\0\0\0\0\0\0\0").is_err());
        assert!(signed(b"12a\0").is_err());
        assert!(signed(b"-1\0").is_err());
    }
}
