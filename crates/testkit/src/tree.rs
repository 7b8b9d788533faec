//! Comparing trees of files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lightship_model::digest::Digest;

/// For each path relative to a root, what lies there: a file's mode and digest, a link's target.
pub type Tree = BTreeMap<String, String>;

/// What lies under `root`. Python's bytecode is left out: it holds times.
pub fn files_with_digests(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut queue = vec![root.to_owned()];
    while let Some(folder) = queue.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if metadata.is_symlink() {
                tree.insert(name, format!("-> {}", fs::read_link(&path).unwrap().display()));
            } else if metadata.is_file() {
                let digest = Digest::of(&fs::read(&path).unwrap());
                tree.insert(name, format!("{:o} {digest}", metadata.permissions().mode()));
            } else if !path.ends_with("__pycache__") {
                queue.push(path);
            }
        }
    }
    tree
}
