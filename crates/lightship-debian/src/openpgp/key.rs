//! Public keys: their packets, fingerprints, and verifying with them.

use ring::digest::{self, SHA1_FOR_LEGACY_USE_ONLY};
use ring::signature::{
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::packet::Bytes;
use super::{Fingerprint, OpenPgpError};

/// Ed25519 as the older kind of key names its curve.
const ED25519_OID: [u8; 9] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
/// Of an RSA key; fewer can be had by anybody.
const FEWEST_BITS: usize = 2048;

/// The algorithms of digests that count. SHA-1 and its like do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(super) fn from_id(id: u8) -> Option<Self> {
        match id {
            8 => Some(Self::Sha256),
            9 => Some(Self::Sha384),
            10 => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(super) fn of(self, data: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, data)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ed25519([u8; 32]),
}

/// A key packet of version 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    pub(super) fingerprint: Fingerprint,
    /// In seconds since 1970.
    pub(super) created: u64,
    material: Material,
    /// The packet as signatures over keys take it in.
    pub(super) framed: Vec<u8>,
}

impl PublicKey {
    /// Reads a packet's body; nothing for keys of versions and kinds that are not known here.
    pub(super) fn parse(body: &[u8]) -> Result<Option<Self>, OpenPgpError> {
        let mut bytes = Bytes(body);
        if bytes.byte()? != 4 {
            return Ok(None);
        }
        let created = bytes.u32()?.into();
        let material = match bytes.byte()? {
            // RSA, and RSA for signatures alone.
            1 | 3 => {
                let (n, e) = (bytes.mpi()?, bytes.mpi()?);
                if n.len() * 8 < FEWEST_BITS {
                    return Ok(None);
                }
                Material::Rsa { n: n.to_vec(), e: e.to_vec() }
            }
            22 => {
                let length = bytes.byte()?;
                if bytes.take(length.into())? != ED25519_OID {
                    return Ok(None);
                }
                let point = bytes.mpi()?.strip_prefix(&[0x40]).unwrap_or_default();
                let point = point.try_into();
                Material::Ed25519(point.map_err(|_| OpenPgpError::Malformed("a key's point"))?)
            }
            27 => {
                let point = bytes.take(32)?.try_into();
                Material::Ed25519(point.map_err(|_| OpenPgpError::Malformed("a key's point"))?)
            }
            _ => return Ok(None),
        };
        let length =
            u16::try_from(body.len()).map_err(|_| OpenPgpError::Malformed("a key is too long"))?;
        let mut framed = vec![0x99];
        framed.extend_from_slice(&length.to_be_bytes());
        framed.extend_from_slice(body);
        let sha1 = digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, &framed);
        let mut fingerprint = [0; 20];
        fingerprint.copy_from_slice(sha1.as_ref());
        Ok(Some(Self { fingerprint: Fingerprint(fingerprint), created, material, framed }))
    }

    /// Whether the numbers of `signature`, a signature packet's end, were made by this key for
    /// `data`.
    pub(super) fn verifies(
        &self,
        algorithm: u8,
        hash: Hash,
        data: &[u8],
        signature: &[u8],
    ) -> Result<bool, OpenPgpError> {
        let mut bytes = Bytes(signature);
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, 1 | 3) => {
                let parameters = match hash {
                    Hash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
                    Hash::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
                    Hash::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
                };
                let Some(padded) = pad(bytes.mpi()?, n.len()) else { return Ok(false) };
                let key = RsaPublicKeyComponents { n, e };
                Ok(key.verify(parameters, data, &padded).is_ok())
            }
            (Material::Ed25519(point), 22 | 27) => {
                let numbers = if algorithm == 27 {
                    bytes.take(64)?.to_vec()
                } else {
                    let (r, s) = (pad(bytes.mpi()?, 32), pad(bytes.mpi()?, 32));
                    match (r, s) {
                        (Some(r), Some(s)) => [r, s].concat(),
                        _ => return Ok(false),
                    }
                };
                let key = UnparsedPublicKey::new(&ED25519, point);
                Ok(key.verify(hash.of(data).as_ref(), &numbers).is_ok())
            }
            _ => Ok(false),
        }
    }
}

/// A number with zeros before it, `length` bytes in all.
fn pad(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let zeros = length.checked_sub(number.len())?;
    Some([vec![0; zeros], number.to_vec()].concat())
}
