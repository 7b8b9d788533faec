//! `OpenPGP` (RFC 9580) as far as archives use it: cleartext signatures of version 4, RSA and
//! Ed25519 over SHA-2, and the certificates of those who make them.

mod armor;
mod cleartext;
mod key;
mod keyring;
mod packet;
mod signature;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;

pub use self::keyring::{Key, Keyring, pinned};
pub use self::verify::{Signer, Verified, verify};

/// How far a signature may lie in the future: clocks differ, in seconds.
pub(crate) const SKEW: u64 = 600;

/// A version-4 fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 20]);

impl Fingerprint {
    /// The last eight bytes, which old signatures name alone.
    fn key_id(&self) -> &[u8] {
        &self.0[12..]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a signed text, or a certificate, is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenPgpError {
    /// It is not of the form that it should be.
    #[error("it is malformed: {0}")]
    Malformed(&'static str),
    /// A key that is trusted made another text's signature.
    #[error("its signature by {0} is wrong: the text was changed after it was signed")]
    Bad(Fingerprint),
    /// No signature counts; why each one does not.
    #[error("no trusted key has signed it ({0}); further keys can be named in the manifest")]
    Untrusted(String),
    #[error("it holds no usable key: {0}")]
    NoKey(String),
}
