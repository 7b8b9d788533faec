//! Which file of which package is the library that a program asks for.

use std::collections::BTreeMap;

use crate::build::packages::{Item, ItemKind, Packages};
use crate::elf::Elf;

/// Where everything lies, over all packages.
pub(super) struct Places<'a> {
    by_path: BTreeMap<&'a str, (&'a str, &'a Item)>,
    /// Where the dynamic loader looks without being told.
    folders: [String; 2],
}

impl<'a> Places<'a> {
    pub(super) fn new(packages: &'a Packages, triplet: &str) -> Self {
        let mut by_path = BTreeMap::new();
        for (name, package) in packages {
            for (path, item) in &package.items {
                let known = by_path.entry(path.as_str());
                // A directory is many packages'.
                known.or_insert((name.as_str(), item));
            }
        }
        Self { by_path, folders: [format!("usr/lib/{triplet}"), "usr/lib".to_owned()] }
    }

    /// Who has `path`, and what it is.
    pub(super) fn get(&self, path: &str) -> Option<(&'a str, &'a Item)> {
        self.by_path.get(path).copied()
    }

    /// The path of the library `name` for the ELF file at `path`.
    pub(super) fn library(&self, path: &str, elf: &Elf, name: &str) -> Option<String> {
        let origin = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if name.contains('/') {
            let found = plain("", name)?;
            return self.is_file(&found).then_some(found);
        }
        let own = elf.runpath.iter().filter_map(|folder| {
            let folder = folder.replace("${ORIGIN}", "$ORIGIN");
            match folder.strip_prefix("$ORIGIN") {
                Some(rest) => plain(origin, rest.trim_start_matches('/')),
                None => plain("", &folder),
            }
        });
        let beside = [origin.to_owned()];
        // Parts of one package find each other through whoever loads them.
        let all = own.chain(self.folders.iter().cloned()).chain(beside);
        all.map(|folder| format!("{folder}/{name}")).find(|path| self.is_file(path))
    }

    /// Whether a file, or a link to one, is there.
    fn is_file(&self, path: &str) -> bool {
        self.get(path).is_some_and(|(_, item)| item.kind != ItemKind::Directory)
    }
}

/// What `target` means in the directory `folder`, usr-merged and without dots; nothing where it
/// climbs out.
pub(super) fn plain(folder: &str, target: &str) -> Option<String> {
    let from = if target.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    let merged = lightship_debian::tree::merged(&joined).ok()?;
    // A directory that is a link into `usr` itself.
    Some(if merged.is_empty() && !joined.is_empty() { format!("usr/{joined}") } else { merged })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_and_merged() {
        for (folder, target, expected) in [
            ("usr/lib64", "/lib/x/ld.so", Some("usr/lib/x/ld.so")),
            ("usr/bin", "../lib/git-core/git", Some("usr/lib/git-core/git")),
            ("usr/bin", "bash", Some("usr/bin/bash")),
            ("etc", "/lib", Some("usr/lib")),
            ("a", "../../b", None),
        ] {
            assert_eq!(plain(folder, target).as_deref(), expected, "{folder} {target}");
        }
    }
}
