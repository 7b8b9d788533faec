//! Layers and images, written with other code than that which reads them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use lightship_image::measure::{Measurement, Sizes, measure};
use lightship_image::source::{self, SourceError, Wanted};
use lightship_model::digest::Digest;
use serde_json::{Value, json};

/// One layer's tar.
pub(crate) struct Layer(tar::Builder<Vec<u8>>);

impl Layer {
    pub(crate) fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    pub(crate) fn file(self, path: &str, content: &[u8]) -> Self {
        self.file_mode(path, content, 0o644)
    }

    pub(crate) fn file_mode(mut self, path: &str, content: &[u8], mode: u32) -> Self {
        let mut header = header(tar::EntryType::Regular, mode);
        header.set_size(content.len() as u64);
        self.0.append_data(&mut header, path, content).unwrap();
        self
    }

    pub(crate) fn directory(mut self, path: &str) -> Self {
        let mut header = header(tar::EntryType::Directory, 0o755);
        self.0.append_data(&mut header, path, &[][..]).unwrap();
        self
    }

    pub(crate) fn symlink(mut self, path: &str, target: &str) -> Self {
        let mut header = header(tar::EntryType::Symlink, 0o777);
        self.0.append_link(&mut header, path, target).unwrap();
        self
    }

    pub(crate) fn hard_link(mut self, path: &str, target: &str) -> Self {
        let mut header = header(tar::EntryType::Link, 0o644);
        self.0.append_link(&mut header, path, target).unwrap();
        self
    }

    /// Removes a path of a layer below.
    pub(crate) fn without(self, path: &str) -> Self {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let slash = if directory.is_empty() { "" } else { "/" };
        self.file(&format!("{directory}{slash}.wh.{name}"), b"")
    }

    /// Hides all that layers below have in a directory.
    pub(crate) fn opaque(self, directory: &str) -> Self {
        self.file(&format!("{directory}/.wh..wh..opq"), b"")
    }

    pub(crate) fn tar(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn header(kind: tar::EntryType, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(1_700_000_000);
    header.set_size(0);
    header
}

/// How blobs are packed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    /// Several members one after the other.
    GzipMembers,
    Zstd,
    /// Several frames, with one between that is passed over.
    ZstdFrames,
}

pub(crate) fn pack(packing: Packing, bytes: &[u8]) -> Vec<u8> {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let (first, second) = bytes.split_at(bytes.len() / 3);
    match packing {
        Packing::Plain => bytes.to_vec(),
        Packing::Gzip => gzip(bytes),
        Packing::GzipMembers => [gzip(first), gzip(second)].concat(),
        Packing::Zstd => zstd(bytes),
        Packing::ZstdFrames => {
            let skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
            [zstd(first), skipped, zstd(second)].concat()
        }
    }
}

/// An image's blobs and documents, before they are put anywhere.
pub(crate) struct Image {
    pub(crate) blobs: Vec<Vec<u8>>,
    pub(crate) tars: Vec<Vec<u8>>,
    pub(crate) media_type: &'static str,
    pub(crate) architecture: &'static str,
}

impl Image {
    pub(crate) fn new(layers: Vec<Layer>, packing: Packing) -> Self {
        let tars: Vec<Vec<u8>> = layers.into_iter().map(Layer::tar).collect();
        let blobs = tars.iter().map(|tar| pack(packing, tar)).collect();
        let media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
        Self { blobs, tars, media_type, architecture: "amd64" }
    }

    pub(crate) fn config(&self) -> Value {
        let diff_ids: Vec<String> =
            self.tars.iter().map(|tar| format!("sha256:{}", Digest::of(tar))).collect();
        json!({
            "architecture": self.architecture, "os": "linux",
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": [{ "created_by": "nothing", "empty_layer": true }, { "created_by": "COPY" }],
        })
    }

    /// Adds the image to the layout at `directory`: the descriptor of its manifest.
    pub(crate) fn add(&self, directory: &Path) -> Value {
        let blobs = directory.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        let put = |media_type: &str, bytes: &[u8]| {
            let digest = Digest::of(bytes);
            fs::write(blobs.join(digest.as_str()), bytes).unwrap();
            json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len() })
        };
        let config =
            put("application/vnd.oci.image.config.v1+json", self.config().to_string().as_bytes());
        let layers: Vec<Value> = self.blobs.iter().map(|blob| put(self.media_type, blob)).collect();
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
        let manifest = manifest.to_string();
        let mut descriptor = put("application/vnd.oci.image.manifest.v1+json", manifest.as_bytes());
        descriptor["platform"] = json!({ "os": "linux", "architecture": self.architecture });
        descriptor
    }

    /// A layout of this image alone.
    pub(crate) fn layout(&self, directory: &Path) -> PathBuf {
        let descriptor = self.add(directory);
        index(directory, &[descriptor]);
        directory.to_owned()
    }

    /// What `docker save` would write.
    pub(crate) fn docker(&self, path: &Path) -> PathBuf {
        let config = self.config().to_string();
        let name = format!("{}.json", Digest::of(config.as_bytes()));
        let names: Vec<String> = (0..self.tars.len()).map(|at| format!("{at}/layer.tar")).collect();
        let manifest = json!([{ "Config": name, "RepoTags": ["made:latest"], "Layers": names }]);
        let mut layer = Layer::new().file(&name, config.as_bytes());
        for (name, tar) in names.iter().zip(&self.blobs) {
            layer = layer.file(name, tar);
        }
        fs::write(path, layer.file("manifest.json", manifest.to_string().as_bytes()).tar())
            .unwrap();
        path.to_owned()
    }
}

/// Writes what makes a directory a layout.
pub(crate) fn index(directory: &Path, manifests: &[Value]) {
    fs::write(directory.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let index = json!({ "schemaVersion": 2, "manifests": manifests });
    fs::write(directory.join("index.json"), index.to_string()).unwrap();
}

/// A tar of a directory.
pub(crate) fn archive(directory: &Path, path: &Path) -> PathBuf {
    let mut builder = tar::Builder::new(fs::File::create(path).unwrap());
    builder.append_dir_all(".", directory).unwrap();
    builder.finish().unwrap();
    path.to_owned()
}

pub(crate) fn try_measure(path: &Path) -> Result<Measurement, SourceError> {
    source::open(path.to_str().unwrap(), &Wanted::default()).and_then(measure)
}

/// Measures an image, and checks that everything sums to the whole.
#[track_caller]
pub(crate) fn measured(path: &Path) -> Measurement {
    let measurement = try_measure(path).unwrap();
    check_sums(&measurement);
    measurement
}

/// Measures an image of these layers.
#[track_caller]
pub(crate) fn image_of(layers: Vec<Layer>) -> Measurement {
    let directory = tempfile::tempdir().unwrap();
    measured(&Image::new(layers, Packing::Gzip).layout(directory.path()))
}

/// Every table sums to the whole, to the byte.
#[track_caller]
pub(crate) fn check_sums(measurement: &Measurement) {
    let shipped = measurement.shipped_total();
    let live = measurement.live_total();
    assert_eq!(live + measurement.dead_total(), shipped, "live and dead");
    for (place, layer) in measurement.layers.iter().enumerate() {
        let own = measurement.entries.iter().filter(|entry| entry.layer as usize == place);
        let sum: Sizes = own.map(|entry| entry.sizes).sum();
        assert_eq!(sum.unpacked, layer.shipped.unpacked, "layer {place}");
        assert_eq!(sum.packed + layer.overhead, layer.shipped.packed, "layer {place}");
    }
    for depth in [0, 1, 2, 9] {
        let rows = measurement.directories(depth);
        assert_eq!(rows.iter().map(|row| row.sizes).sum::<Sizes>(), live, "depth {depth}");
    }
    let owners = measurement.by_owner();
    assert_eq!(owners.iter().map(|row| row.sizes).sum::<Sizes>(), live, "owners");
    let dead: Sizes = measurement.dead_by_layer().into_values().sum();
    assert_eq!(live + dead, measurement.entries.iter().map(|entry| entry.sizes).sum(), "dead");
}

/// The live paths with their unpacked bytes, in order.
pub(crate) fn live(measurement: &Measurement) -> Vec<(String, u64)> {
    let mut live: Vec<(String, u64)> = measurement
        .live()
        .map(|(_, entry, at)| (measurement.paths.text(at), entry.sizes.unpacked))
        .collect();
    live.sort();
    live
}

/// Bytes that do not compress to nothing.
pub(crate) fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0] & 0x3f
    };
    (0..length).map(step).collect()
}
