//! From a registry into a layout.

use std::path::Path;

use super::AT_ONCE;
use super::answer;
use super::client::{Access, Client, Found, Options};
use super::error::RegistryError;
use super::reference::{Reference, Version};
use super::referrers;
use crate::oci::layout::Layout;
use crate::oci::{BlobDigest, Descriptor, Index, Manifest, Platform, media};
use crate::parallel;

/// An index in an index in an index is none.
const DEEPEST: u32 = 3;

/// What was pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    pub digest: BlobDigest,
    /// Blobs that were fetched, and those that were there.
    pub fetched: usize,
    pub kept: usize,
}

/// Puts the image of `reference` into the layout at `dir`, under its tag, with what is said
/// about it: every platform of it, or `platform` alone.
pub fn pull(
    reference: &Reference,
    dir: &Path,
    platform: Option<&Platform>,
    options: &Options,
) -> Result<Pulled, RegistryError> {
    let client = Client::new(reference, Access::Pull, options)?;
    let layout = Layout::open(dir)?;
    let mut top = client.manifest(&reference.version)?;
    if let Some(platform) = platform
        && is_index(&top.descriptor)
    {
        top = choose(&client, &top, platform)?;
    }
    let mut puller = Puller { client, layout, fetched: 0, kept: 0 };
    let mut about = Vec::new();
    puller.take(&top, 0, &mut about)?;
    for entry in &mut about {
        let found = puller.client.manifest(&Version::Digest(entry.digest.clone()))?;
        puller.take(&found, DEEPEST, &mut Vec::new())?;
    }
    let digest = top.descriptor.digest.clone();
    puller.layout.publish(top.descriptor, about, &reference.version.to_string())?;
    Ok(Pulled { digest, fetched: puller.fetched, kept: puller.kept })
}

fn is_index(descriptor: &Descriptor) -> bool {
    matches!(descriptor.media_type.as_str(), media::INDEX | media::DOCKER_LIST)
}

/// The manifest for one platform.
fn choose(client: &Client, index: &Found, platform: &Platform) -> Result<Found, RegistryError> {
    let what = format!("the index `{}`", index.descriptor.digest);
    let index: Index = answer::parse(&what, &index.bytes)?;
    let same = |it: &Platform| {
        (&it.os, &it.architecture) == (&platform.os, &platform.architecture)
            && (platform.variant.is_none() || it.variant == platform.variant)
    };
    let name = |it: &Platform| format!("{}/{}", it.os, it.architecture);
    let entry = index.manifests.iter().find(|it| it.platform.as_ref().is_some_and(same));
    let Some(entry) = entry else {
        let known = index.manifests.iter().filter_map(|it| it.platform.as_ref().map(name));
        let known = known.collect::<Vec<_>>().join(", ");
        let reason = format!("it has nothing for {}, only for {known}", name(platform));
        return Err(RegistryError::Document { what, reason });
    };
    client.manifest(&Version::Digest(entry.digest.clone()))
}

struct Puller {
    client: Client,
    layout: Layout,
    fetched: usize,
    kept: usize,
}

impl Puller {
    /// Takes what a manifest leads to, then the manifest; collects what is said about it.
    fn take(
        &mut self,
        found: &Found,
        depth: u32,
        about: &mut Vec<Descriptor>,
    ) -> Result<(), RegistryError> {
        let what = format!("the manifest `{}`", found.descriptor.digest);
        if is_index(&found.descriptor) {
            let index: Index = answer::parse(&what, &found.bytes)?;
            if depth >= DEEPEST {
                let reason = "indexes lie too deep in each other".to_owned();
                return Err(RegistryError::Document { what, reason });
            }
            for entry in &index.manifests {
                let child = self.client.manifest(&Version::Digest(entry.digest.clone()))?;
                self.take(&child, depth + 1, about)?;
            }
        } else {
            let manifest: Manifest = answer::parse(&what, &found.bytes)?;
            let mut blobs: Vec<&Descriptor> = [&manifest.config].into();
            blobs.extend(&manifest.layers);
            blobs.sort_by_key(|it| &it.digest);
            blobs.dedup_by_key(|it| &it.digest);
            let fetched = parallel::each(AT_ONCE, &blobs, |blob| {
                let mut reader = self.client.blob(&blob.digest, Some(blob.size));
                self.layout.add_stream(&blob.digest, blob.size, &mut reader)
            })?;
            let new = fetched.iter().filter(|new| **new).count();
            self.fetched += new;
            self.kept += fetched.len() - new;
        }
        self.layout.add_bytes(&found.descriptor.digest, &found.bytes)?;
        // Depth beyond all indexes: a document about an image is not asked what is said about it.
        if depth < DEEPEST {
            about.extend(referrers::get(&self.client, &found.descriptor.digest)?.into_iter().map(
                |mut entry| {
                    crate::oci::layout::set_subject(&mut entry, &found.descriptor.digest);
                    entry
                },
            ));
        }
        Ok(())
    }
}
