//! Packets: a kind, a length, a body. And the fields that bodies are made of.

use super::OpenPgpError;

/// A packet that is longer than this belongs to no key and no signature.
const LONGEST: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Signature,
    PublicKey,
    PublicSubkey,
    UserId,
    Other,
}

/// The packets of `bytes`.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<(Kind, &[u8])>, OpenPgpError> {
    let mut rest = Bytes(bytes);
    let mut found = Vec::new();
    while !rest.0.is_empty() {
        let head = rest.byte()?;
        if head & 0x80 == 0 {
            return Err(OpenPgpError::Malformed("there is no packet where one should be"));
        }
        let (tag, length) = if head & 0x40 != 0 {
            (head & 0x3f, rest.new_length()?)
        } else {
            let length = match head & 3 {
                0 => usize::from(rest.byte()?),
                1 => rest.u16()?,
                2 => rest.u32_size()?,
                _ => return Err(OpenPgpError::Malformed("a packet has no length")),
            };
            (head >> 2 & 0x0f, length)
        };
        if length > LONGEST {
            return Err(OpenPgpError::Malformed("a packet is too long"));
        }
        let kind = match tag {
            2 => Kind::Signature,
            6 => Kind::PublicKey,
            13 => Kind::UserId,
            14 => Kind::PublicSubkey,
            _ => Kind::Other,
        };
        found.push((kind, rest.take(length)?));
    }
    Ok(found)
}

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], OpenPgpError> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or(OpenPgpError::Malformed("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, OpenPgpError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<usize, OpenPgpError> {
        Ok(usize::from(self.byte()?) << 8 | usize::from(self.byte()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, OpenPgpError> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    fn u32_size(&mut self) -> Result<usize, OpenPgpError> {
        self.u32().map(|value| usize::try_from(value).unwrap_or(usize::MAX))
    }

    /// A length in the newer form, of packets; parts of unknown number are refused.
    fn new_length(&mut self) -> Result<usize, OpenPgpError> {
        match self.byte()? {
            224..=254 => Err(OpenPgpError::Malformed("a packet comes in parts")),
            first => self.variable(first),
        }
    }

    /// A length of a subpacket: one, two or five bytes.
    pub(super) fn length(&mut self) -> Result<usize, OpenPgpError> {
        let first = self.byte()?;
        self.variable(first)
    }

    fn variable(&mut self, first: u8) -> Result<usize, OpenPgpError> {
        match first {
            0..=191 => Ok(first.into()),
            192..=254 => Ok(((usize::from(first) - 192) << 8) + usize::from(self.byte()?) + 192),
            255 => self.u32_size(),
        }
    }

    /// A number of any length, without leading zeros.
    pub(super) fn mpi(&mut self) -> Result<&'a [u8], OpenPgpError> {
        let bits = self.u16()?;
        let number = self.take(bits.div_ceil(8))?;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        Ok(&number[zeros..])
    }
}
