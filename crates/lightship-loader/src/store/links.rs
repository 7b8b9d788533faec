//! What is published: links in `bin/` to programs, links in `python/<tag>/` to libraries.
//!
//! Both are derived from the receipts that hold and are wanted: made anew where they differ,
//! swapped by rename, so that a caller finds the old program or the new one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use lightship_model::receipt::Receipt;

use super::{ToolDir, check};

/// Makes the links say what `receipts` (in the order of their priority) publish, and nothing
/// else; gives a sentence for each program that two tools publish.
pub(crate) fn publish(dir: &ToolDir, receipts: &[&Receipt]) -> io::Result<Vec<String>> {
    let mut programs: BTreeMap<PathBuf, (PathBuf, &Receipt)> = BTreeMap::new();
    let mut conflicts = Vec::new();
    for receipt in receipts {
        for entry in &receipt.bins {
            let link = PathBuf::from(entry.name.as_str());
            if let Some((_, first)) = programs.get(&link) {
                conflicts.push(format!(
                    "tools {} and {} both publish `{}`: the one of {} is used",
                    first.name, receipt.name, entry.name, first.name
                ));
                continue;
            }
            let target = if receipt.pre_existing {
                check::target(dir, receipt, entry)
            } else {
                dir.seen_from_bin(&receipt.slug()).join(&entry.path)
            };
            programs.insert(link, (target, *receipt));
        }
    }
    let programs = programs.into_iter().map(|(link, (target, _))| (link, target)).collect();
    reconcile(&dir.bin(), programs)?;
    publish_python(dir, receipts)?;
    Ok(conflicts)
}

fn publish_python(dir: &ToolDir, receipts: &[&Receipt]) -> io::Result<()> {
    let mut by_tag: BTreeMap<&str, BTreeMap<PathBuf, PathBuf>> = BTreeMap::new();
    for (rank, receipt) in receipts.iter().enumerate() {
        let Some(python) = &receipt.python else { continue };
        let link = PathBuf::from(format!("{rank:03}-{}", receipt.name));
        let target = dir.seen_from_python(&receipt.slug()).join(&python.site);
        by_tag.entry(&python.tag).or_default().insert(link, target);
    }
    for entry in fs::read_dir(dir.python())?.flatten() {
        let tag = entry.file_name();
        let wanted = tag.to_str().is_some_and(|tag| by_tag.contains_key(tag));
        if !wanted && tag != "__pycache__" && entry.file_type()?.is_dir() {
            reconcile(&entry.path(), BTreeMap::new())?;
        }
    }
    for (tag, links) in by_tag {
        let folder = dir.python().join(tag);
        fs::create_dir_all(&folder)?;
        reconcile(&folder, links)?;
    }
    Ok(())
}

/// Makes the symbolic links in `folder` equal to `wanted`; other files are left alone.
fn reconcile(folder: &Path, mut wanted: BTreeMap<PathBuf, PathBuf>) -> io::Result<()> {
    let mut unwanted = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        let name = PathBuf::from(entry.file_name());
        let Ok(target) = fs::read_link(entry.path()) else { continue };
        match wanted.get(&name) {
            Some(right) if *right == target => {
                wanted.remove(&name);
            }
            Some(_) => {}
            None => unwanted.push(entry.path()),
        }
    }
    for (name, target) in wanted {
        let aside = folder.join(format!(".{}.new", name.display()));
        drop(fs::remove_file(&aside));
        symlink(&target, &aside)?;
        fs::rename(&aside, folder.join(&name))?;
    }
    for link in unwanted {
        fs::remove_file(link)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_made_changed_and_removed_and_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let names = |list: &[(&str, &str)]| {
            list.iter().map(|(a, b)| (PathBuf::from(a), PathBuf::from(b))).collect()
        };
        fs::write(dir.path().join("mine"), "x").unwrap();
        reconcile(dir.path(), names(&[("a", "1"), ("b", "2")])).unwrap();
        reconcile(dir.path(), names(&[("a", "3")])).unwrap();
        assert_eq!(fs::read_link(dir.path().join("a")).unwrap(), Path::new("3"));
        let mut left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "mine"]);
    }
}
