//! What is published: links in `bin/` to programs, links in `python/<tag>/` to libraries.
//!
//! Both are derived from the receipts that hold and are wanted: made anew where they differ,
//! swapped by rename, so that a caller finds the old program or the new one.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use lightship_model::name::ToolName;
use lightship_model::receipt::Receipt;

use super::atomic::sync_dir;
use super::{ToolDir, check, disk as fs};

/// Link → what it points to, and the tool that it is of.
type Links = BTreeMap<PathBuf, (PathBuf, ToolName)>;

/// What publishing came to.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// A sentence for each program that two tools publish, and each link that can't be removed.
    pub(crate) warnings: Vec<String>,
    /// Tools of which a link could not be made, with the reason.
    pub(crate) failed: BTreeMap<ToolName, String>,
}

/// Makes the links say what `receipts` (in the order of their priority) publish, and nothing
/// else. Only under the lock.
pub(crate) fn publish(dir: &ToolDir, receipts: &[&Receipt]) -> Published {
    let mut published = Published::default();
    let mut folders: BTreeMap<PathBuf, Links> = BTreeMap::new();
    folders.insert(dir.bin(), Links::new());
    folders.extend(python_folders(dir).map(|folder| (folder, Links::new())));
    for (link, (target, tool)) in wanted(dir, receipts, &mut published.warnings) {
        let folder = link.parent().unwrap_or(dir.root()).to_owned();
        folders.entry(folder).or_default().insert(link, (target, tool));
    }
    for (folder, links) in folders {
        reconcile(&folder, links, &mut published);
    }
    published
}

/// Whether a link of `receipts` is missing or points elsewhere. Changes nothing.
pub(crate) fn are_missing(dir: &ToolDir, receipts: &[&Receipt]) -> bool {
    let links = wanted(dir, receipts, &mut Vec::new());
    links.iter().any(|(link, (target, _))| !points_to(link, target))
}

/// Takes away whatever is published of the prefix `slug`, before that is changed.
pub(crate) fn withdraw(dir: &ToolDir, slug: &str) -> io::Result<()> {
    for folder in std::iter::once(dir.bin()).chain(python_folders(dir)) {
        let mut any = false;
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries.flatten() {
            let Ok(target) = fs::read_link(entry.path()) else { continue };
            if target.components().any(|part| part.as_os_str() == slug) {
                remove(&entry.path())?;
                any = true;
            }
        }
        if any {
            sync_dir(&folder)?;
        }
    }
    Ok(())
}

/// The links that `receipts` publish; of two for one name, the first.
fn wanted(dir: &ToolDir, receipts: &[&Receipt], conflicts: &mut Vec<String>) -> Links {
    let mut links = Links::new();
    for (rank, receipt) in receipts.iter().enumerate() {
        for entry in &receipt.bins {
            let link = dir.bin().join(entry.name.as_str());
            if let Some((_, first)) = links.get(&link) {
                conflicts.push(format!(
                    "tools {first} and {} both publish `{}`: the one of {first} is used",
                    receipt.name, entry.name,
                ));
                continue;
            }
            let target = if receipt.pre_existing {
                check::target(dir, receipt, entry)
            } else {
                dir.seen_from_bin(&receipt.slug()).join(&entry.path)
            };
            links.insert(link, (target, receipt.name.clone()));
        }
        if let Some(python) = &receipt.python {
            let folder = dir.python().join(&python.tag);
            let target = dir.seen_from_python(&receipt.slug()).join(&python.site);
            let link = folder.join(format!("{rank:03}-{}", receipt.name));
            links.insert(link, (target, receipt.name.clone()));
        }
    }
    links
}

/// The directories of links that there are, by Python version.
fn python_folders(dir: &ToolDir) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(dir.python()).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name() != "__pycache__")
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
}

fn points_to(link: &Path, target: &Path) -> bool {
    fs::read_link(link).is_ok_and(|there| there == target)
}

/// Makes the symbolic links in `folder` equal to `wanted`; other files are left alone. One link
/// that can't be made or removed keeps no other one from it.
fn reconcile(folder: &Path, wanted: Links, published: &mut Published) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries.map(|entry| entry.path()).filter(|path| path.is_symlink());
    for link in links.filter(|link| !wanted.contains_key(link)) {
        if let Err(error) = remove(&link) {
            published.warnings.push(format!("can't remove the link {}: {error}", link.display()));
        }
    }
    for (link, (target, tool)) in wanted {
        if points_to(&link, &target) {
            continue;
        }
        // Once more: publishing is all that is left to do, and a whole install hangs on it.
        if let Err(error) = put(folder, &link, &target).or_else(|_| put(folder, &link, &target)) {
            let name = link.file_name().unwrap_or_default().display();
            let reason = format!("installed, but `{name}` can't be published: {error}");
            published.failed.insert(tool, reason);
        }
    }
}

/// Makes `link` point to `target`, at no moment to nothing.
fn put(folder: &Path, link: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let name = link.file_name().unwrap_or_default().display();
    let aside = folder.join(format!(".{name}.new-{}", std::process::id()));
    remove(&aside)?;
    fs::symlink(target, &aside)?;
    fs::rename(&aside, link).inspect_err(|_| drop(fs::remove_file(&aside)))
}

/// Removes a link; one that is not there is fine.
fn remove(link: &Path) -> io::Result<()> {
    if !link.is_symlink() {
        return Ok(());
    }
    match fs::remove_file(link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn links(folder: &Path, list: &[(&str, &str)]) -> Links {
        let tool: ToolName = "tool".parse().unwrap();
        list.iter().map(|(a, b)| (folder.join(a), (PathBuf::from(b), tool.clone()))).collect()
    }

    #[test]
    fn links_are_made_changed_and_removed_and_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut published = Published::default();
        fs::write(dir.path().join("mine"), "x").unwrap();
        std::os::unix::fs::symlink("1", dir.path().join(".a.new-17")).unwrap();
        reconcile(dir.path(), links(dir.path(), &[("a", "1"), ("b", "2")]), &mut published);
        reconcile(dir.path(), links(dir.path(), &[("a", "3")]), &mut published);
        assert_eq!(fs::read_link(dir.path().join("a")).unwrap(), Path::new("3"));
        let mut left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "mine"]);
        assert!(published.failed.is_empty() && published.warnings.is_empty(), "{published:?}");
    }

    #[test]
    fn one_link_that_can_not_be_made_is_told_and_keeps_no_other_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut published = Published::default();
        fs::create_dir(dir.path().join("a")).unwrap();
        reconcile(dir.path(), links(dir.path(), &[("a", "1"), ("b", "2")]), &mut published);
        assert_eq!(fs::read_link(dir.path().join("b")).unwrap(), Path::new("2"));
        let told = published.failed.values().next().unwrap();
        assert!(told.contains("`a` can't be published"), "{told}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left aside");
    }

    #[test]
    fn what_points_into_a_prefix_is_withdrawn_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let dir = ToolDir::make(root.path()).unwrap();
        let site = dir.python().join("cpython-311");
        fs::create_dir(&site).unwrap();
        for (link, target) in [
            (dir.bin().join("a"), "../v1/store/a-1-0123/bin/a"),
            (dir.bin().join("b"), "../v1/store/a-1-01234/bin/b"),
            (site.join("000-a"), "../../v1/store/a-1-0123/lib"),
        ] {
            std::os::unix::fs::symlink(target, link).unwrap();
        }
        withdraw(&dir, "a-1-0123").unwrap();
        assert!(!dir.bin().join("a").is_symlink() && !site.join("000-a").is_symlink());
        assert!(dir.bin().join("b").is_symlink());
    }
}
