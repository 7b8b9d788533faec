//! How large a tree is.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Bytes and files under a directory. Links are counted, not followed; what vanishes while it
/// is measured is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
    pub(crate) files: u64,
}

pub(crate) fn tree(root: &Path) -> Size {
    let mut size = Size::default();
    let mut queue = vec![root.to_owned()];
    while let Some(dir) = queue.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                queue.push(entry.path());
            } else {
                // A file with two names is there once; each name bears its part of it.
                size.bytes += metadata.len() / metadata.nlink().max(1);
                size.files += 1;
            }
        }
    }
    size
}
