//! Where an image is read from: a directory in the OCI layout, an archive of one, what `docker
//! save` wrote, an unpacked root, a tar of one, or standard input. What it is shows in its
//! content, never in its name. Every blob's digest and length are checked while it is read.
//!
//! [`Place`] tells files from images in registries; a registry gives [`Blobs`] and the descriptor
//! of what was asked for to [`oci::resolve`].

mod archive;
mod blobs;
pub(crate) mod docker;
mod error;
mod hashing;
mod marks;
pub mod oci;
mod place;
mod platform;
pub mod root;
mod spool;
pub mod unpack;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;

use self::archive::Archive;
pub use self::blobs::{Blob, Blobs};
pub use self::error::SourceError;
pub use self::place::Place;
pub use self::platform::Wanted;
pub use self::unpack::Compression;
use crate::oci::{BlobDigest, Config, Platform};

/// What an input turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    OciLayout,
    OciArchive,
    DockerArchive,
    /// An unpacked root.
    Directory,
    /// A tar of one.
    RootTar,
    Registry,
}

/// An image that was found, of which no layer was read yet.
#[derive(Debug)]
pub struct Image {
    /// As it was asked for.
    pub name: String,
    pub format: Format,
    /// Nothing where the input does not say: a directory.
    pub platform: Option<Platform>,
    pub manifest: Option<BlobDigest>,
    pub config: Option<Config>,
    pub content: Content,
}

/// Where its files are.
#[derive(Debug)]
pub enum Content {
    /// Lowest first.
    Layers {
        layers: Vec<Layer>,
        blobs: Box<dyn Blobs>,
    },
    Directory(PathBuf),
}

/// One layer, not read yet.
#[derive(Clone, Debug)]
pub struct Layer {
    pub blob: Blob,
    /// Digest of the plain tar, as the configuration has it.
    pub diff_id: Option<Digest>,
    /// What made it, as the history has it.
    pub created_by: Option<String>,
}

/// Opens the image that `name` stands for: a path, or `-` for standard input. What is behind a
/// `#` chooses one of several in the same file by its tag; a path that is there as it stands
/// goes first.
///
/// # Errors
/// When it can't be read, is no image, or does not say which of several images is wanted.
pub fn open(name: &str, wanted: &Wanted) -> Result<Image, SourceError> {
    let (path, tag) = match name.split_once('#') {
        Some((path, tag)) if !Path::new(name).exists() => (path, Some(tag)),
        _ => (name, None),
    };
    let mut image = if path == "-" {
        open_file(spool::standard_input()?, "standard input", wanted, tag)?
    } else {
        let failed = |source| SourceError::Open { path: path.to_owned(), source };
        if fs::metadata(path).map_err(failed)?.is_dir() {
            open_directory(Path::new(path), wanted, tag)?
        } else {
            open_file(File::open(path).map_err(failed)?, path, wanted, tag)?
        }
    };
    name.clone_into(&mut image.name);
    Ok(image)
}

fn open_directory(path: &Path, wanted: &Wanted, tag: Option<&str>) -> Result<Image, SourceError> {
    if path.join("index.json").is_file() && path.join("oci-layout").is_file() {
        let blobs = Box::new(blobs::Folder::new(path));
        return oci::open(blobs, Format::OciLayout, wanted, tag);
    }
    let failed = |source| SourceError::Open { path: path.display().to_string(), source };
    if fs::read_dir(path).map_err(failed)?.next().is_none() {
        return Err(SourceError::Empty { path: path.display().to_string() });
    }
    Ok(Image {
        name: String::new(),
        format: Format::Directory,
        platform: None,
        manifest: None,
        config: None,
        content: Content::Directory(path.to_owned()),
    })
}

fn open_file(
    file: File,
    name: &str,
    wanted: &Wanted,
    tag: Option<&str>,
) -> Result<Image, SourceError> {
    // A pipe or a device can't be read in two places.
    let file = spool::seekable(file, name)?;
    let compression = spool::compression(&file, name)?;
    let plain = match compression {
        Compression::Plain => file.try_clone().map_err(SourceError::read(name))?,
        Compression::Gzip | Compression::Zstd => spool::unpacked(&file, name)?,
    };
    let archive = Archive::index(plain, name)?;
    if archive.has("index.json") && archive.has("oci-layout") {
        oci::open(Box::new(archive), Format::OciArchive, wanted, tag)
    } else if archive.has("manifest.json") {
        docker::open(Box::new(archive), wanted, tag)
    } else if archive.is_root() {
        let length = file.metadata().map_err(SourceError::read(name))?.len();
        let blob = Blob { digest: None, size: Some(length), name: name.to_owned() };
        Ok(Image {
            name: String::new(),
            format: Format::RootTar,
            platform: None,
            manifest: None,
            config: None,
            content: Content::Layers {
                layers: vec![Layer { blob, diff_id: None, created_by: None }],
                blobs: Box::new(blobs::Whole::new(file)),
            },
        })
    } else {
        Err(SourceError::Unknown { path: name.to_owned(), found: "a tar that is none" })
    }
}
