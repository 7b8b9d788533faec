//! The bundle of certificates that the package `ca-certificates` makes when it is configured.

use std::io;
use std::path::Path;

use crate::build::packages::{ItemKind, Package};
use crate::build::tree::{Content, Place};

/// All certificates of the package in one text, in the order of their paths.
///
/// # Errors
/// When one can't be read.
pub fn bundle(
    package: &Package,
    content: impl Fn(&ItemKind) -> Option<Content>,
) -> io::Result<Vec<u8>> {
    let mut bundle = Vec::new();
    let all = package.items.iter().filter(|(path, _)| {
        let is_one = Path::new(path).extension().is_some_and(|extension| extension == "crt");
        is_one && path.starts_with("usr/share/ca-certificates/")
    });
    for (path, item) in all {
        let gone = || io::Error::other(format!("`{path}` is not in the cache"));
        let Some(Content { place: Place::File(file), .. }) = content(&item.kind) else {
            return Err(gone());
        };
        bundle.extend(std::fs::read(file)?);
        if bundle.last() != Some(&b'\n') {
            bundle.push(b'\n');
        }
    }
    Ok(bundle)
}
