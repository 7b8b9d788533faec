//! The control groups that loaders make for their installers.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use lightship_model::digest::Digest;

use crate::process;

/// Deeper down nobody here has groups.
const DEPTH: usize = 5;

/// The groups of the tool directory `dir`, in all trees.
pub fn of(dir: &Path) -> Vec<PathBuf> {
    // A directory that was never made has none.
    let Ok(dir) = fs::canonicalize(dir) else { return Vec::new() };
    let digest = Digest::of(dir.join("v1/stage").as_os_str().as_encoded_bytes());
    let name = format!("lightship-{}", &digest.as_str()[..12]);
    let mut found = Vec::new();
    let mut level = vec![PathBuf::from("/sys/fs/cgroup")];
    for _ in 0..DEPTH {
        let below: Vec<PathBuf> = level.iter().flat_map(|folder| folders(folder)).collect();
        found.extend(below.iter().filter(|folder| folder.ends_with(&name)).cloned());
        level = below;
    }
    found
}

/// Ends everybody in the groups of `dir`, and removes them: a loader that was killed could not.
pub(crate) fn end(dir: &Path) {
    for group in of(dir) {
        for command in folders(&group) {
            let members = fs::read_to_string(command.join("cgroup.procs")).unwrap_or_default();
            members.lines().for_each(process::kill);
            // No panic where a test may be panicking: at worst an empty group is left.
            let mut left = 400;
            while fs::remove_dir(&command).is_err() && command.exists() && left > 0 {
                thread::sleep(Duration::from_millis(5));
                left -= 1;
            }
        }
        // Somebody else may have been faster.
        drop(fs::remove_dir(group));
    }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}
