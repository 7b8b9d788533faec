//! What is said about an image: from the referrers API, or, where a registry has none, from the
//! index under a tag that is made of the image's digest.

use std::collections::BTreeMap;

use ureq::http::{Method, header};

use super::answer;
use super::client::{Call, Client, Found, Payload};
use super::error::RegistryError;
use super::reference::Version;
use crate::oci::document::Document;
use crate::oci::{BlobDigest, Descriptor, Index, Manifest, media};

/// The manifests that are about `subject`.
pub(super) fn get(client: &Client, subject: &BlobDigest) -> Result<Vec<Descriptor>, RegistryError> {
    let what = format!("what is said about `{subject}`");
    let url = client.url(&format!("referrers/{subject}"));
    let mut answer = client.send(&Call {
        headers: vec![(header::ACCEPT, media::INDEX.to_owned())],
        fine: &[200, 404],
        ..Call::get(format!("ask {what}"), url)
    })?;
    if answer.status() == 200 {
        return Ok(answer::json::<Index>(&what, &mut answer)?.manifests);
    }
    Ok(index(client, subject)?.manifests)
}

/// Says in the index under the tag that `manifest` is about `subject`.
pub(super) fn note(
    client: &Client,
    subject: &BlobDigest,
    manifest: &Found,
) -> Result<(), RegistryError> {
    let what = "a document about an image";
    let content: Manifest = answer::parse(what, &manifest.bytes)?;
    let mut entry = manifest.descriptor.clone();
    // An artifact without a type is of its configuration's.
    entry.artifact_type = content.artifact_type.or(Some(content.config.media_type));
    entry.annotations = content.annotations;
    let mut index = index(client, subject)?;
    if index.manifests.contains(&entry) {
        return Ok(());
    }
    index.manifests.retain(|other| other.digest != entry.digest);
    index.manifests.push(entry);
    let document = Document::of(media::INDEX, &index).map_err(|error| RegistryError::Document {
        what: what.to_owned(),
        reason: error.to_string(),
    })?;
    let tag = tag(subject);
    client.send(&Call {
        action: format!("push the index `{tag}`"),
        method: Method::PUT,
        url: client.url(&format!("manifests/{tag}")),
        headers: vec![(header::CONTENT_TYPE, media::INDEX.to_owned())],
        payload: Payload::Bytes(&document.bytes),
        fine: &[201, 202],
    })?;
    Ok(())
}

fn index(client: &Client, subject: &BlobDigest) -> Result<Index, RegistryError> {
    let tag = tag(subject);
    match client.find_manifest(&Version::Tag(tag.clone()), &[200, 404])? {
        Some(found) => answer::parse(&format!("the index `{tag}`"), &found.bytes),
        None => Ok(Index { annotations: BTreeMap::new(), ..Index::of(Vec::new()) }),
    }
}

fn tag(subject: &BlobDigest) -> String {
    format!("sha256-{}", subject.0)
}
