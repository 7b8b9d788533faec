//! From an index to one image: which manifest, its configuration, its layers. Docker's schema 2
//! is the same under other media types.

use serde::Deserialize;

use super::{Blob, Blobs, Content, Format, Image, Layer, SourceError, Wanted};
use crate::oci::{Config, Descriptor, Index, Manifest, Platform};

/// Of indexes in indexes.
const DEEPEST: usize = 4;
/// An image has no more layers; engines take 127.
const MOST_LAYERS: usize = 1000;
/// Of manifests that are looked at for one that fits.
const MOST_MANIFESTS: usize = 1000;
const NAMES: [&str; 2] = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];

/// Opens a layout or an archive of one.
pub(crate) fn open(
    blobs: Box<dyn Blobs>,
    format: Format,
    wanted: &Wanted,
    tag: Option<&str>,
) -> Result<Image, SourceError> {
    let layout = Blob::named("oci-layout");
    let version: Layout = layout.parse(&layout.read(&*blobs)?)?;
    if !version.image_layout_version.starts_with("1.") {
        return Err(layout.wrong(format!("its version is `{}`", version.image_layout_version)));
    }
    let blob = Blob::named("index.json");
    let index: Index = blob.parse(&blob.read(&*blobs)?)?;
    let names = |descriptor: &Descriptor| {
        let names = NAMES.iter().filter_map(|name| descriptor.annotations.get(*name));
        names.cloned().collect::<Vec<_>>()
    };
    let there = || index.manifests.iter().flat_map(names).collect::<Vec<_>>();
    let fits = |descriptor: &&Descriptor| match tag {
        Some(tag) => names(descriptor).iter().any(|name| name == tag),
        None => true,
    };
    let tops: Vec<Descriptor> = index.manifests.iter().filter(fits).cloned().collect();
    if let (Some(tag), []) = (tag, tops.as_slice()) {
        return Err(SourceError::Tag { tag: tag.to_owned(), there: there() });
    }
    match choose(&*blobs, &tops, wanted)? {
        Chosen::One(descriptor) => image(blobs, format, &descriptor, wanted),
        Chosen::Several => Err(SourceError::Several { there: there() }),
    }
}

/// Opens what a registry names: `top` is the descriptor of a manifest or an index.
///
/// # Errors
/// When a document can't be read or is wrong, or there is no image for the wanted platform.
pub fn resolve(
    blobs: Box<dyn Blobs>,
    format: Format,
    top: Descriptor,
    wanted: &Wanted,
) -> Result<Image, SourceError> {
    match choose(&*blobs, &[top], wanted)? {
        Chosen::One(descriptor) => image(blobs, format, &descriptor, wanted),
        Chosen::Several => Err(SourceError::Several { there: Vec::new() }),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layout {
    image_layout_version: String,
}

enum Chosen {
    One(Descriptor),
    Several,
}

/// The one manifest that is wanted of those that `tops` lead to.
fn choose(blobs: &dyn Blobs, tops: &[Descriptor], wanted: &Wanted) -> Result<Chosen, SourceError> {
    let mut found: Vec<Descriptor> = Vec::new();
    let mut waiting: Vec<(usize, Descriptor)> =
        tops.iter().rev().map(|top| (0, top.clone())).collect();
    let mut looked_at = 0;
    while let Some((depth, descriptor)) = waiting.pop() {
        looked_at += 1;
        if looked_at > MOST_MANIFESTS {
            return Err(SourceError::TooMuch { what: "manifests", limit: MOST_MANIFESTS });
        }
        // Statements about an image, which are not for any platform.
        if descriptor.platform.as_ref().is_some_and(|platform| platform.os == "unknown") {
            continue;
        }
        if !descriptor.media_type.contains("index") && !descriptor.media_type.contains("list") {
            found.push(descriptor);
            continue;
        }
        let blob = Blob::of(&descriptor);
        if depth == DEEPEST {
            return Err(blob.wrong("indexes lead to indexes too often"));
        }
        let index: Index = blob.parse(&blob.read_manifest(blobs)?)?;
        waiting.extend(index.manifests.into_iter().rev().map(|next| (depth + 1, next)));
    }
    found.retain(|descriptor| descriptor.artifact_type.is_none());
    let mut seen = Vec::new();
    found.retain(|descriptor| {
        let new = !seen.contains(&descriptor.digest);
        seen.push(descriptor.digest.clone());
        new
    });
    let strict = found.len() > 1;
    let there: Vec<String> = found
        .iter()
        .filter_map(|descriptor| descriptor.platform.as_ref().map(Platform::to_string))
        .collect();
    found.retain(|descriptor| {
        descriptor.platform.as_ref().is_none_or(|platform| wanted.takes(platform, strict))
    });
    match found.as_slice() {
        [] => Err(SourceError::Platform { wanted: wanted.text(), there }),
        [one] => Ok(Chosen::One(one.clone())),
        _ => Ok(Chosen::Several),
    }
}

/// Reads a manifest and its configuration.
fn image(
    blobs: Box<dyn Blobs>,
    format: Format,
    descriptor: &Descriptor,
    wanted: &Wanted,
) -> Result<Image, SourceError> {
    let blob = Blob::of(descriptor);
    let document = blob.read_manifest(&*blobs)?;
    let parsed: Result<Manifest, SourceError> = blob.parse(&document);
    let manifest = parsed.map_err(|error| match error {
        SourceError::Wrong { why, .. } => {
            blob.wrong(format!("it is no manifest of an image: {why}"))
        }
        other => other,
    })?;
    let blob = Blob::of(&manifest.config);
    if !manifest.config.media_type.contains("image") {
        return Err(
            blob.wrong(format!("no image, but an artifact of type {}", manifest.config.media_type))
        );
    }
    let config: Config = blob.parse(&blob.read(&*blobs)?)?;
    if manifest.layers.len() > MOST_LAYERS {
        return Err(SourceError::TooMuch { what: "layers", limit: MOST_LAYERS });
    }
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() {
        return Err(blob.wrong(format!(
            "it has {} layers, and the manifest has {}",
            diff_ids.len(),
            manifest.layers.len()
        )));
    }
    let platform = Platform {
        architecture: config.architecture.clone(),
        os: config.os.clone(),
        variant: descriptor.platform.as_ref().and_then(|platform| platform.variant.clone()),
    };
    if !wanted.takes(&platform, false) {
        let there = vec![platform.to_string()];
        return Err(SourceError::Platform { wanted: wanted.text(), there });
    }
    let made = created_by(&config);
    let mut layers = Vec::with_capacity(manifest.layers.len());
    for (at, (layer, diff_id)) in manifest.layers.iter().zip(diff_ids).enumerate() {
        check_media_type(layer)?;
        layers.push(Layer {
            blob: Blob::of(layer),
            diff_id: Some(diff_id.0.clone()),
            created_by: made.get(at).cloned().flatten(),
        });
    }
    Ok(Image {
        name: String::new(),
        format,
        platform: Some(platform),
        manifest: Some(descriptor.digest.clone()),
        config: Some(config),
        content: Content::Layers { layers, blobs },
    })
}

fn check_media_type(layer: &Descriptor) -> Result<(), SourceError> {
    let kind = &layer.media_type;
    if kind.contains("foreign") || kind.contains("nondistributable") {
        return Err(SourceError::Foreign { digest: layer.digest.to_string() });
    }
    if kind.contains("encrypted") || !kind.contains("tar") {
        let why = format!("its type is {kind}, of which nothing is known here");
        return Err(SourceError::Wrong { what: format!("layer {}", layer.digest), why });
    }
    Ok(())
}

/// What made each layer, for as many as the history tells.
pub(super) fn created_by(config: &Config) -> Vec<Option<String>> {
    let made = config.history.iter().filter(|history| !history.empty_layer);
    made.map(|history| history.created_by.clone()).collect()
}
