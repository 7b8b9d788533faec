//! What `docker save` and `podman save` write: `manifest.json`, configurations and plain tars.
//! Layers have no digests there but those of the configuration, over the plain tars.

use lightship_model::digest::Digest;
use serde::Deserialize;

use super::oci::created_by;
use super::{Blob, Blobs, Content, Format, Image, Layer, SourceError, Wanted};
use crate::oci::{BlobDigest, Config, Platform};

/// One image of `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

pub(crate) fn open(
    blobs: Box<dyn Blobs>,
    wanted: &Wanted,
    tag: Option<&str>,
) -> Result<Image, SourceError> {
    let manifest = Blob::named("manifest.json");
    let saved: Vec<Saved> = manifest.parse(&manifest.read(&*blobs)?)?;
    let tags = |saved: &Saved| saved.repo_tags.clone().unwrap_or_default();
    let fits = |saved: &&Saved| tag.is_none_or(|tag| tags(saved).iter().any(|have| have == tag));
    let mut found = saved.iter().filter(fits);
    let there = || saved.iter().flat_map(tags).collect::<Vec<_>>();
    let one = match (found.next(), found.next()) {
        (Some(one), None) => one,
        (Some(_), Some(_)) => return Err(SourceError::Several { there: there() }),
        (None, _) => match tag {
            Some(tag) => return Err(SourceError::Tag { tag: tag.to_owned(), there: there() }),
            None => return Err(manifest.wrong("it names no image")),
        },
    };
    let config = Blob { digest: digest_of(&one.config), ..Blob::named(&one.config) };
    let document: Config = config.parse(&config.read(&*blobs)?)?;
    let diff_ids = &document.rootfs.diff_ids;
    if diff_ids.len() != one.layers.len() {
        return Err(config.wrong(format!(
            "it has {} layers, and `manifest.json` has {}",
            diff_ids.len(),
            one.layers.len()
        )));
    }
    let platform = Platform {
        architecture: document.architecture.clone(),
        os: document.os.clone(),
        variant: None,
    };
    if !wanted.takes(&platform, false) {
        let there = vec![platform.to_string()];
        return Err(SourceError::Platform { wanted: wanted.text(), there });
    }
    let made = created_by(&document);
    let layers = one.layers.iter().zip(diff_ids).enumerate().map(|(at, (name, diff_id))| Layer {
        blob: Blob::named(name),
        diff_id: Some(diff_id.0.clone()),
        created_by: made.get(at).cloned().flatten(),
    });
    let layers = layers.collect();
    Ok(Image {
        name: String::new(),
        format: Format::DockerArchive,
        platform: Some(platform),
        manifest: None,
        config: Some(document),
        content: Content::Layers { layers, blobs },
    })
}

/// Configurations are called by their digest.
fn digest_of(name: &str) -> Option<BlobDigest> {
    let file = name.rsplit('/').next()?;
    let digest: Digest = file.strip_suffix(".json").unwrap_or(file).parse().ok()?;
    Some(BlobDigest(digest))
}
