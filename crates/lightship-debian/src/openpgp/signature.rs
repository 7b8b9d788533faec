//! Signature packets of version 4.

use super::key::{Hash, PublicKey};
use super::packet::Bytes;
use super::{Fingerprint, OpenPgpError};

/// What a signature is about; those that nothing here asks for are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Text,
    /// A user ID: what its key may do, and until when.
    Certification,
    /// A key by itself.
    Key,
    SubkeyBinding,
    PrimaryBinding,
    KeyRevocation,
    SubkeyRevocation,
    Other,
}

#[derive(Clone, Debug)]
pub(super) struct Signature<'a> {
    pub(super) about: About,
    algorithm: u8,
    hash: u8,
    /// The part of the packet that is signed itself.
    hashed: &'a [u8],
    numbers: &'a [u8],
    /// In seconds since 1970; a signature without a time counts for nothing.
    pub(super) created: Option<u64>,
    /// Seconds after `created`.
    pub(super) lasts: Option<u64>,
    /// Seconds after the key's making.
    pub(super) key_lasts: Option<u64>,
    pub(super) may_sign: Option<bool>,
    issuer: Option<&'a [u8]>,
    issuer_id: Option<&'a [u8]>,
    pub(super) embedded: Option<&'a [u8]>,
    /// It says something that must be understood, and is not.
    unknown_critical: bool,
}

impl<'a> Signature<'a> {
    /// Reads a packet's body; nothing for other versions.
    pub(super) fn parse(body: &'a [u8]) -> Result<Option<Self>, OpenPgpError> {
        let mut bytes = Bytes(body);
        if bytes.byte()? != 4 {
            return Ok(None);
        }
        let about = match bytes.byte()? {
            0x01 => About::Text,
            0x10..=0x13 => About::Certification,
            0x18 => About::SubkeyBinding,
            0x19 => About::PrimaryBinding,
            0x1f => About::Key,
            0x20 => About::KeyRevocation,
            0x28 => About::SubkeyRevocation,
            _ => About::Other,
        };
        let (algorithm, hash) = (bytes.byte()?, bytes.byte()?);
        let length = bytes.u16()?;
        let hashed_fields = bytes.take(length)?;
        let hashed = &body[..6 + length];
        let length = bytes.u16()?;
        let other_fields = bytes.take(length)?;
        // Two bytes of the digest, which prove nothing.
        bytes.take(2)?;
        let mut signature = Self {
            about,
            algorithm,
            hash,
            hashed,
            numbers: bytes.0,
            created: None,
            lasts: None,
            key_lasts: None,
            may_sign: None,
            issuer: None,
            issuer_id: None,
            embedded: None,
            unknown_critical: false,
        };
        signature.fields(hashed_fields, true)?;
        signature.fields(other_fields, false)?;
        Ok(Some(signature))
    }

    /// Reads subpackets. Those that are not signed may only help to find the key.
    fn fields(&mut self, fields: &'a [u8], signed: bool) -> Result<(), OpenPgpError> {
        let mut bytes = Bytes(fields);
        while !bytes.0.is_empty() {
            let length = bytes.length()?;
            let mut body = Bytes(bytes.take(length)?);
            let kind = body.byte()?;
            match kind & 0x7f {
                16 => self.issuer_id = Some(body.take(8)?),
                33 if body.0.first() == Some(&4) => self.issuer = body.0.get(1..),
                // The back-signature proves itself.
                32 => self.embedded = Some(body.0),
                2 if signed => self.created = Some(body.u32()?.into()),
                3 if signed => self.lasts = Some(body.u32()?.into()).filter(|lasts| *lasts != 0),
                9 if signed => {
                    self.key_lasts = Some(body.u32()?.into()).filter(|lasts| *lasts != 0);
                }
                27 if signed => {
                    self.may_sign = Some(body.0.first().is_some_and(|flags| flags & 2 != 0));
                }
                // What they say changes nothing for a verifier of archives.
                4..=8 | 11 | 12 | 20..=26 | 28 | 29 | 30 | 33 | 34 | 35 => {}
                _ => self.unknown_critical |= signed && kind & 0x80 != 0,
            }
        }
        Ok(())
    }

    /// Whether the signature says that `key` made it.
    pub(super) fn names(&self, key: Fingerprint) -> bool {
        match (self.issuer, self.issuer_id) {
            (Some(issuer), _) => issuer == key.0,
            (None, Some(id)) => id == key.key_id(),
            (None, None) => false,
        }
    }

    /// Whom it names, for messages.
    pub(super) fn issuer(&self) -> String {
        let Some(name) = self.issuer.or(self.issuer_id) else { return "an unnamed key".to_owned() };
        let hex: Vec<String> = name.iter().map(|byte| format!("{byte:02X}")).collect();
        hex.concat()
    }

    /// Why it counts for nothing, whoever made it.
    pub(super) fn weakness(&self) -> Option<&'static str> {
        if Hash::from_id(self.hash).is_none() {
            return Some("its digest is no SHA-2");
        }
        if self.created.is_none() {
            return Some("it has no time");
        }
        self.unknown_critical.then_some("it holds what must be understood and is not known here")
    }

    /// Whether `key` made it for `data`.
    pub(super) fn is_by(&self, key: &PublicKey, data: &[&[u8]]) -> Result<bool, OpenPgpError> {
        let Some(hash) = Hash::from_id(self.hash) else { return Ok(false) };
        let length = u32::try_from(self.hashed.len()).unwrap_or_default().to_be_bytes();
        let mut signed = data.concat();
        signed.extend_from_slice(self.hashed);
        signed.extend_from_slice(&[4, 0xff]);
        signed.extend_from_slice(&length);
        key.verifies(self.algorithm, hash, &signed, self.numbers)
    }
}
