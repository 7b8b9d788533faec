//! An image that stays where it is: only what is asked for is fetched, and nothing is kept.

use std::io::{Cursor, Read};

use super::client::{Access, Client, Found, Options};
use super::error::RegistryError;
use super::reference::{Reference, Version};
use crate::oci::BlobDigest;
use crate::source::{Blob, Blobs, Format, Image, SourceError, Wanted, oci};

/// The image of `reference` for the wanted platform; no layer of it is fetched yet.
///
/// # Errors
/// When the registry refuses or gives something else, or there is no image for the platform.
pub fn image(
    reference: &Reference,
    wanted: &Wanted,
    options: &Options,
) -> Result<Image, SourceError> {
    let client = Client::new(reference, Access::Pull, options)?;
    let top = client.manifest(&reference.version)?;
    let descriptor = top.descriptor.clone();
    let mut image =
        oci::resolve(Box::new(Remote { client, top }), Format::Registry, descriptor, wanted)?;
    image.name = reference.to_string();
    Ok(image)
}

/// The blobs of a repository.
#[derive(Debug)]
struct Remote {
    client: Client,
    /// What was asked for first, so that it is not asked for twice.
    top: Found,
}

impl Remote {
    fn digest(blob: &Blob) -> Result<&BlobDigest, RegistryError> {
        blob.digest.as_ref().ok_or_else(|| RegistryError::Document {
            what: format!("`{}`", blob.name),
            reason: "a registry has blobs by their digests alone".to_owned(),
        })
    }
}

impl Blobs for Remote {
    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, SourceError> {
        let digest = Self::digest(blob)?;
        Ok(Box::new(self.client.unchecked_blob(digest, blob.size)))
    }

    fn open_manifest(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, SourceError> {
        let digest = Self::digest(blob)?;
        let bytes = if *digest == self.top.descriptor.digest {
            self.top.bytes.clone()
        } else {
            self.client.manifest(&Version::Digest(digest.clone()))?.bytes
        };
        Ok(Box::new(Cursor::new(bytes)))
    }
}
