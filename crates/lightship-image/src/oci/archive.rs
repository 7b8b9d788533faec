//! An image as one file: an OCI layout in a tar, or what `docker load` reads.
//!
//! The file is written aside and renamed. Docker's form has the same layers and configuration,
//! so the image has the same identity; Docker 20.10 knows no zstd, so none is taken there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::layout::{MARKER, documents, entries};
use super::{Index, media};
use crate::aside::Aside;
use crate::build::image::Image;
use crate::tar::write::{Header, Kind, Writer};

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(
        "a docker-archive can't hold {media_type}, which Docker 20.10 does not read: build with \
         `--compression gzip`"
    )]
    Compression { media_type: &'static str },
    #[error(
        "`{tag}` is no name for `docker load`: a name and a tag are wanted, as in `worker:1.0`"
    )]
    Tag { tag: String },
    #[error("can't write `{}`", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// An entry of `manifest.json`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Loaded {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

/// Writes an OCI archive of `image` under `tag`; whether the file is another one than before.
/// What was said about the image is left out: `podman load` takes a single image.
pub fn write_oci(path: &Path, image: &Image, tag: &str) -> Result<bool, ArchiveError> {
    write(path, image.epoch, |tar| {
        let alone = Image { referrers: Vec::new(), ..image.clone() };
        tar.bytes("oci-layout", MARKER.as_bytes())?;
        tar.bytes("index.json", &serde_json::to_vec(&Index::of(entries(&alone, tag)))?)?;
        tar.directory("blobs")?;
        tar.directory("blobs/sha256")?;
        let blob = |digest: &super::BlobDigest| format!("blobs/sha256/{}", digest.0);
        for document in documents(&alone) {
            tar.bytes(&blob(&document.digest), &document.bytes)?;
        }
        let layers = alone.layers.iter().map(|layer| (&layer.compressed, &layer.path));
        let unique: BTreeMap<_, _> =
            layers.map(|(it, path)| (&it.digest, (it.size, path))).collect();
        for (digest, (size, path)) in unique {
            tar.file(&blob(digest), size, path)?;
        }
        Ok(())
    })
}

/// Writes what `docker load` reads, under `tag` (`NAME:TAG`); whether the file is another one
/// than before.
pub fn write_docker(path: &Path, image: &Image, tag: &str) -> Result<bool, ArchiveError> {
    if let Some(layer) = image.layers.iter().find(|it| it.media_type == media::LAYER_ZSTD) {
        return Err(ArchiveError::Compression { media_type: layer.media_type });
    }
    // A port of a registry comes before a slash, a tag never does.
    let named = tag.rsplit_once(':').filter(|(name, tag)| !name.is_empty() && !tag.contains('/'));
    let Some((name, version)) = named else {
        return Err(ArchiveError::Tag { tag: tag.to_owned() });
    };
    let layers: Vec<String> =
        image.layers.iter().map(|it| it.compressed.digest.0.to_string()).collect();
    let loaded = Loaded {
        config: format!("{}.json", image.config.digest.0),
        repo_tags: vec![tag.to_owned()],
        layers: layers.iter().map(|layer| format!("{layer}/layer.tar")).collect(),
    };
    let top = layers.last().cloned().unwrap_or_default();
    let repositories = BTreeMap::from([(name, BTreeMap::from([(version, top)]))]);
    write(path, image.epoch, |tar| {
        tar.bytes("manifest.json", &serde_json::to_vec(&[&loaded])?)?;
        tar.bytes("repositories", &serde_json::to_vec(&repositories)?)?;
        tar.bytes(&loaded.config, &image.config.bytes)?;
        let mut there = Vec::new();
        for (layer, blob) in layers.iter().zip(&image.layers) {
            if there.contains(&layer) {
                continue;
            }
            tar.directory(layer)?;
            tar.file(&format!("{layer}/layer.tar"), blob.compressed.size, &blob.path)?;
            there.push(layer);
        }
        Ok(())
    })
}

struct Tar<'a> {
    tar: Writer<&'a mut dyn Write>,
    mtime: u64,
}

impl Tar<'_> {
    fn header<'b>(&self, path: &'b str, kind: Kind<'b>, mode: u32) -> Header<'b> {
        Header { path, kind, mode, uid: 0, gid: 0, mtime: self.mtime }
    }

    fn directory(&mut self, path: &str) -> io::Result<()> {
        self.tar.entry(&self.header(path, Kind::Directory, 0o755))
    }

    fn bytes(&mut self, path: &str, mut bytes: &[u8]) -> io::Result<()> {
        self.tar.file(&self.header(path, Kind::File(bytes.len() as u64), 0o644), &mut bytes)
    }

    fn file(&mut self, path: &str, size: u64, from: &Path) -> io::Result<()> {
        self.tar.file(&self.header(path, Kind::File(size), 0o644), &mut File::open(from)?)
    }
}

/// Writes what `fill` gives, unless exactly that is there already.
fn write(
    path: &Path,
    mtime: u64,
    fill: impl Fn(&mut Tar<'_>) -> io::Result<()>,
) -> Result<bool, ArchiveError> {
    let all = |out: &mut dyn Write| -> io::Result<()> {
        let mut tar = Tar { tar: Writer::new(out), mtime };
        fill(&mut tar)?;
        tar.tar.finish()?;
        Ok(())
    };
    if File::open(path).is_ok_and(|file| Same::holds(file, &all)) {
        return Ok(false);
    }
    let write = || {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent)?;
        }
        let mut aside = Aside::create(path)?;
        all(&mut aside)?;
        aside.commit()
    };
    write().map_err(|source| ArchiveError::Io { path: path.to_owned(), source })?;
    Ok(true)
}

/// Compares what is written with a file, and fails at the first difference.
struct Same {
    file: BufReader<File>,
    buffer: Vec<u8>,
}

impl Same {
    fn holds(file: File, all: &impl Fn(&mut dyn Write) -> io::Result<()>) -> bool {
        let mut same = Self { file: BufReader::new(file), buffer: Vec::new() };
        all(&mut same).is_ok() && matches!(same.file.read(&mut [0]), Ok(0))
    }
}

impl Write for Same {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.resize(bytes.len(), 0);
        self.file.read_exact(&mut self.buffer)?;
        if self.buffer == bytes { Ok(bytes.len()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
