//! From a tree to an image: layers, configuration, manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use lightship_model::time::Timestamp;

use super::blob::Blob;
use super::compress::Compression;
use super::layer_cache::LayerCache;
use super::layers::{self, Layer, TreeError};
use super::tree::{Owner, Stratum, Tree};
use crate::oci::document::Document;
use crate::oci::{Config, Descriptor, Execution, History, Manifest, Platform, RootFs, media};

/// What an image is besides its files.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub platform: Platform,
    pub execution: Execution,
    pub annotations: BTreeMap<String, String>,
    /// Its time, and the latest time of any file of it, in seconds since 1970.
    pub epoch: u64,
    pub compression: Compression,
    /// Threads that compress; what they make does not depend on it.
    pub threads: usize,
}

/// An image that only has to be put somewhere.
#[derive(Clone, Debug)]
pub struct Image {
    pub manifest: Document,
    pub config: Document,
    pub platform: Platform,
    /// Lowest first.
    pub layers: Vec<Blob>,
    /// What was said about it, each a manifest that names the image as its subject.
    pub referrers: Vec<Referrer>,
    /// Its time, in seconds since 1970.
    pub epoch: u64,
    /// Layers that were made now; the others were kept from an earlier build.
    pub made: usize,
}

/// A document about an image: a bill of what is in it.
#[derive(Clone, Debug)]
pub struct Referrer {
    pub manifest: Document,
    pub config: Document,
    pub content: Document,
    /// What kind of document.
    pub artifact_type: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("can't lay out the image")]
    Tree(#[from] TreeError),
    #[error("can't make the {stratum} layer")]
    Layer {
        stratum: Stratum,
        #[source]
        source: io::Error,
    },
    #[error("can't write the image's documents")]
    Json(#[from] serde_json::Error),
}

/// Makes the image of `tree`; layers that `cache` has are not made again.
pub fn image(tree: &Tree, recipe: &Recipe, cache: &LayerCache) -> Result<Image, ImageError> {
    let layers = layers::layers(tree, recipe.epoch)?;
    let mut blobs = Vec::new();
    let mut made = 0;
    for layer in &layers {
        let got = cache.get(layer, recipe.compression, recipe.threads);
        let failed = |source| ImageError::Layer { stratum: layer.stratum, source };
        let (blob, was_there) = got.map_err(failed)?;
        made += usize::from(!was_there);
        blobs.push(blob);
    }
    let config = Document::of(media::CONFIG, &config(recipe, &layers, &blobs))?;
    let manifest = Document::of(media::MANIFEST, &manifest(recipe, &config, &blobs))?;
    Ok(Image {
        manifest,
        config,
        platform: recipe.platform.clone(),
        layers: blobs,
        referrers: Vec::new(),
        epoch: recipe.epoch,
        made,
    })
}

fn config(recipe: &Recipe, layers: &[Layer], blobs: &[Blob]) -> Config {
    let created = Timestamp::from_millis(recipe.epoch.saturating_mul(1000)).to_string();
    let history = layers.iter().map(|layer| History {
        created: Some(created.clone()),
        created_by: Some(format!("lightship image build: {}", layer.stratum)),
        comment: Some(contents(&layer.owners)),
        empty_layer: false,
    });
    Config {
        architecture: recipe.platform.architecture.clone(),
        created: Some(created.clone()),
        config: recipe.execution.clone(),
        history: history.collect(),
        os: recipe.platform.os.clone(),
        rootfs: RootFs {
            kind: "layers".to_owned(),
            diff_ids: blobs.iter().map(|blob| blob.compressed.diff_id.clone()).collect(),
        },
    }
}

fn manifest(recipe: &Recipe, config: &Document, blobs: &[Blob]) -> Manifest {
    Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: None,
        config: config.descriptor(),
        layers: blobs.iter().map(Blob::descriptor).collect(),
        subject: None,
        annotations: recipe.annotations.clone(),
    }
}

impl Blob {
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type, self.compressed.digest.clone(), self.compressed.size)
    }
}

/// Whose files are in a layer, for people who read an image's history.
fn contents(owners: &BTreeSet<Owner>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = owners
        .iter()
        .filter_map(|owner| match owner {
            Owner::Base => None,
            Owner::Package(name) | Owner::Tool(name) | Owner::Npm(name) => Some(name.as_str()),
            Owner::Files => Some("files"),
            Owner::Warm => Some("caches"),
        })
        .collect();
    match names.len() {
        0 => "lightship's own files".to_owned(),
        count if count > SHOWN => {
            format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN)
        }
        _ => names.join(", "),
    }
}

impl std::fmt::Display for Stratum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "system",
            Self::Payload => "payload",
            Self::Npm => "npm",
            Self::Tools => "tools",
            Self::Config => "config",
        })
    }
}
