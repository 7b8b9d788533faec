//! The bundle of certificates that the package `ca-certificates` makes when it is configured.

use std::path::{Path, PathBuf};

use super::Layout;
use crate::install::InstallError;
use crate::store::disk as fs;

/// Writes `etc/ssl/certs/ca-certificates.crt` into the root, where the package is there.
pub(super) fn bundle(layout: &Layout) -> Result<(), InstallError> {
    let from = layout.root.join("usr/share/ca-certificates");
    if !from.is_dir() {
        return Ok(());
    }
    let mut files = Vec::new();
    collect(&from, &mut files)?;
    files.sort();
    let mut bundle = Vec::new();
    for file in files {
        bundle.extend(fs::read(&file).map_err(InstallError::io("read", &file))?);
        if bundle.last() != Some(&b'\n') {
            bundle.push(b'\n');
        }
    }
    let folder = layout.root.join("etc/ssl/certs");
    fs::create_dir_all(&folder).map_err(InstallError::io("make", &folder))?;
    let path = folder.join("ca-certificates.crt");
    fs::write(&path, bundle).map_err(InstallError::io("write", path))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), InstallError> {
    for entry in fs::read_dir(folder).map_err(InstallError::io("read", folder))?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "crt") {
            files.push(path);
        }
    }
    Ok(())
}
