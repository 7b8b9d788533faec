//! From what was built to an image with its bill: what scanners read is put into the tree, the
//! layers are made, and what is in them is listed.

use std::collections::{BTreeMap, BTreeSet};

use lightship_debian::control::paragraphs;

use super::compress::Compression;
use super::epoch::epoch;
use super::image::{Image, Recipe, image};
use super::layer_cache::LayerCache;
use super::make::Built;
use super::sbom::{Bill, Component, Files, Kind, attach};
use super::spec::Start;
use super::tree::{self, Owner};
use super::{BuildError, metadata};
use crate::oci::{Execution, Platform};

/// What is left to the caller's choice.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The image's name, for its bill.
    pub name: String,
    pub compression: Compression,
    /// The value of `SOURCE_DATE_EPOCH`.
    pub epoch: Option<String>,
    pub threads: usize,
}

/// Makes the image; layers that `cache` has are not made again.
///
/// # Errors
/// When the time that is wished for is none, or a layer can't be made.
pub fn finish(
    built: &mut Built,
    wish: &Wish,
    cache: &LayerCache,
) -> Result<(Image, Bill), BuildError> {
    let about: Vec<metadata::Package> = built
        .packages
        .iter()
        .map(|(name, package)| metadata::Package {
            name: name.clone(),
            control: package.control.clone(),
            md5sums: package.md5sums.clone(),
        })
        .collect();
    let nodes = metadata::nodes(&built.tree, &about);
    built.tree.0.extend(nodes);
    let epoch = epoch(&built.tree, wish.epoch.as_deref()).map_err(BuildError::Input)?;
    let recipe = Recipe {
        platform: Platform {
            architecture: built.spec.architecture.as_str().to_owned(),
            os: "linux".to_owned(),
            variant: None,
        },
        execution: execution(&built.spec.start),
        annotations: BTreeMap::new(),
        epoch,
        compression: wish.compression,
        threads: wish.threads,
    };
    let mut image = image(&built.tree, &recipe, cache)?;
    let bill = Bill {
        name: wish.name.clone(),
        image: image.manifest.digest.clone(),
        epoch,
        components: components(built),
    };
    attach(&mut image, &bill).map_err(super::image::ImageError::from)?;
    Ok((image, bill))
}

fn execution(start: &Start) -> Execution {
    fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
        (!list.is_empty()).then_some(list)
    }
    let named = |names: &BTreeSet<String>| {
        let names: BTreeMap<_, _> =
            names.iter().map(|name| (name.clone(), serde_json::Map::new())).collect();
        (!names.is_empty()).then_some(names)
    };
    Execution {
        cmd: start.command.clone(),
        entrypoint: start.entrypoint.clone(),
        env: some(start.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        exposed_ports: named(&start.ports),
        labels: (!start.labels.is_empty()).then(|| start.labels.clone()),
        stop_signal: start.stop_signal.clone(),
        user: start.user.clone(),
        volumes: named(&start.volumes),
        working_dir: start.workdir.clone(),
    }
}

fn components(built: &Built) -> Vec<Component> {
    let suite = built.lock.suites.first().map(|suite| suite.name.clone()).unwrap_or_default();
    let shipped = shipped(built);
    let debian = built.lock.packages.iter().filter_map(|locked| {
        let kept = *shipped.get(locked.name.as_str())?;
        let package = built.packages.get(&locked.name)?;
        let control = paragraphs(&package.control).next();
        let source = control.and_then(|fields| fields.get("Source"));
        let source = source.and_then(|text| text.split_whitespace().next()).map(str::to_owned);
        let total = package.md5sums.lines().count();
        Some(Component {
            kind: Kind::Debian {
                architecture: locked.arch.clone(),
                suite: suite.clone(),
                source: source.filter(|source| *source != locked.name),
            },
            name: locked.name.clone(),
            version: locked.version.clone(),
            sha256: Some(locked.sha256.clone()),
            license: None,
            files: Some(Files { kept, total: total.max(kept) }),
        })
    });
    let npm = built.lock.npm.iter().chain(&built.modules).map(|tarball| Component {
        kind: Kind::Npm,
        name: tarball.package.clone(),
        version: tarball.version.clone(),
        sha256: None,
        license: None,
        files: None,
    });
    debian.chain(npm).collect()
}

/// How many files of each package are in the tree.
fn shipped(built: &Built) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for node in built.tree.0.values() {
        if let (Owner::Package(name), tree::Kind::File(_)) = (&node.owner, &node.kind) {
            *counts.entry(name.as_str()).or_default() += 1;
        }
    }
    counts
}
