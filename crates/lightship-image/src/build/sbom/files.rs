//! Bills as files: for scanners that read no registries.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Bill, cyclonedx, spdx};
use crate::aside;
use crate::oci::document::Document;

/// Writes both forms of `bill` into the directory `dir`, which is made if it is not there: the
/// bytes that lie beside the image. The files.
///
/// # Errors
/// When they can't be written.
pub fn write(dir: &Path, bill: &Bill) -> io::Result<[PathBuf; 2]> {
    fs::create_dir_all(dir)?;
    let put = |name: &str, document| {
        let path = dir.join(name);
        aside::replace(&path, &Document::of("", &document)?.bytes)?;
        Ok::<_, io::Error>(path)
    };
    Ok([put("image.spdx.json", spdx(bill))?, put("image.cdx.json", cyclonedx(bill))?])
}
