//! Symbolic links: none may lead out of the prefix, be it through others.
//!
//! One link's text says little: `a/b/c → ../..` and `d → a/b/c/../..` both look as if they stayed
//! inside, and the second leaves. So they are followed when all of them are known.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::name::shown_path;
use super::refuse;

/// Links that a kernel follows in one path.
const HOPS: u32 = 40;

/// The links of one archive: where each is, and what it says.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<PathBuf, PathBuf>);

impl Links {
    /// Looks at a link's text alone, before it is made.
    pub(super) fn look(at: &Path, target: &Path) -> io::Result<()> {
        let depth = at.components().count().saturating_sub(1);
        if target.as_os_str().is_empty() || !stays_inside(depth, target) {
            return Err(leaves(at));
        }
        Ok(())
    }

    /// Notes a link that was made.
    pub(super) fn add(&mut self, at: &Path, target: &Path) {
        self.0.insert(at.to_owned(), target.to_owned());
    }

    /// Forgets a link in whose place something else was put.
    pub(super) fn remove(&mut self, at: &Path) {
        self.0.remove(at);
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Follows every link, in mind.
    pub(super) fn check(&self) -> io::Result<()> {
        self.0.iter().try_for_each(|(at, target)| self.follow(at, target))
    }

    fn follow(&self, at: &Path, target: &Path) -> io::Result<()> {
        let mut here: PathBuf = at.parent().unwrap_or(Path::new("")).to_owned();
        let mut rest: VecDeque<OsString> = parts(target).map(OsStr::to_owned).collect();
        let mut hops = 1;
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                if !here.pop() {
                    return Err(leaves(at));
                }
                continue;
            }
            here.push(part);
            let Some(next) = self.0.get(&here) else { continue };
            hops += 1;
            if hops > HOPS {
                return Err(circles(at));
            }
            here.pop();
            for part in parts(next).collect::<Vec<_>>().into_iter().rev() {
                rest.push_front(part.to_owned());
            }
        }
        Ok(())
    }
}

/// Looks where the links of a whole tree lead.
pub(crate) fn check_tree(root: &Path) -> io::Result<()> {
    let mut links = Links::default();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let found = fs::symlink_metadata(&path)?;
            if found.is_dir() {
                folders.push(path);
            } else if found.is_symlink() {
                let target = fs::read_link(&path)?;
                let at = path.strip_prefix(root).unwrap_or(&path);
                Links::look(at, &target)?;
                links.add(at, &target);
            }
        }
    }
    links.check()
}

pub(super) fn leaves(at: &Path) -> io::Error {
    refuse(format!("the link {} leaves the archive", shown_path(at)))
}

pub(super) fn circles(at: &Path) -> io::Error {
    refuse(format!("the link {} leads through too many others", shown_path(at)))
}

fn parts(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter(|part| *part != Component::CurDir).map(Component::as_os_str)
}

/// Whether a link in a directory at `depth` points below the root, by its text.
fn stays_inside(mut depth: usize, target: &Path) -> bool {
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(links: &[(&str, &str)]) -> io::Result<()> {
        let mut all = Links::default();
        for (at, target) in links {
            Links::look(Path::new(at), Path::new(target))?;
            all.add(Path::new(at), Path::new(target));
        }
        all.check()
    }

    #[test]
    fn links_inside_are_fine_also_through_others_and_to_nothing() {
        check(&[
            ("lib64", "lib"),
            ("bin/x", "../lib64/deep/x"),
            ("lib/here", "."),
            ("lib/y", "here/here/../lib64/z"),
            ("nothing", "missing/x"),
        ])
        .unwrap();
    }

    #[test]
    fn links_that_leave_do_so_by_no_way() {
        let hostile: [&[(&str, &str)]; 6] = [
            &[("x", "/etc")],
            &[("x", "..")],
            &[("x", "")],
            &[("a/x", "../../y")],
            &[("a/b/c", "../.."), ("d", "a/b/c/../..")],
            &[("a/b/up", ".."), ("a/up", "b/up/.."), ("x", "a/up/../y")],
        ];
        for links in hostile {
            let error = check(links).unwrap_err().to_string();
            assert!(error.contains("leaves the archive"), "{links:?}: {error}");
        }
    }

    #[test]
    fn circles_are_found() {
        assert!(check(&[("a", "b"), ("b", "a")]).unwrap_err().to_string().contains("too many"));
        assert!(check(&[("a", "a")]).is_err());
    }
}
