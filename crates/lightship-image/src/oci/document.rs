//! A document as it is stored: its bytes, and the descriptor that leads to them.

use lightship_model::digest::Digest;
use serde::Serialize;

use super::{BlobDigest, Descriptor};

/// A document in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    pub digest: BlobDigest,
}

impl Document {
    /// The one form of `value`: no blanks, fields in their order, maps sorted.
    pub fn of(media_type: &'static str, value: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::raw(media_type, serde_json::to_vec(value)?))
    }

    pub fn raw(media_type: &'static str, bytes: Vec<u8>) -> Self {
        let digest = BlobDigest(Digest::of(&bytes));
        Self { media_type, bytes, digest }
    }

    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type, self.digest.clone(), self.bytes.len() as u64)
    }
}
