//! The C library. Programs of packages use the machine's, since everything in a process has to
//! use the same one and its loader's path is in every program; so it has to be new enough.

use std::path::Path;

use lightship_debian::index::{Id, Index};
use lightship_debian::relation::{Operator, groups};
use lightship_debian::version::{compare, upstream};

use crate::install::InstallError;

/// Where it can be, most likely first.
const PLACES: [&str; 6] = [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/usr/lib/x86_64-linux-gnu/libc.so.6",
    "/usr/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
];

/// Refuses packages that need the C library `needed`, where the machine's is older.
pub(super) fn check(needed: Option<&str>) -> Result<(), InstallError> {
    let Some(needed) = needed else { return Ok(()) };
    let there = PLACES.iter().find_map(|path| version_of(&std::fs::read(Path::new(path)).ok()?));
    match there {
        Some(there) if compare(&there, needed).is_ge() => Ok(()),
        Some(there) => Err(InstallError::Recipe(format!(
            "these packages need glibc {needed}, and this machine has {there}: name an older \
             `suite`"
        ))),
        None => Err(InstallError::Recipe(format!(
            "these packages need glibc {needed}, and this machine has none"
        ))),
    }
}

/// The oldest version that all of them can use. What compiles and links needs the one that it
/// links with.
pub(super) fn needed(index: &Index, chosen: &[Id]) -> Option<String> {
    let packages: Vec<_> = chosen.iter().map(|id| index.get(*id)).collect();
    let compiles = packages.iter().any(|package| package.name == "libc6-dev");
    let mut needed: Option<&str> = None;
    for package in &packages {
        let own = package.name == "libc6" && compiles;
        let own = own.then_some(package.version).into_iter();
        let asked = [package.pre_depends, package.depends].into_iter().flat_map(|field| {
            groups(field, index.arch()).flatten().filter_map(|relation| match relation.version {
                Some((Operator::LaterOrEqual | Operator::Later, version))
                    if relation.name == "libc6" =>
                {
                    Some(version)
                }
                _ => None,
            })
        });
        for version in own.chain(asked).map(upstream) {
            if needed.is_none_or(|needed| compare(version, needed).is_gt()) {
                needed = Some(version);
            }
        }
    }
    needed.map(str::to_owned)
}

/// `2.36` in `… stable release version 2.36.`, which every build of it holds.
fn version_of(library: &[u8]) -> Option<String> {
    const SIGN: &[u8] = b"release version ";
    let at = library.windows(SIGN.len()).position(|window| window == SIGN)? + SIGN.len();
    let version: String = library[at..]
        .iter()
        .map(|byte| char::from(*byte))
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    Some(version.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_packages_ask_of_the_c_library_is_added_up() {
        let list = "Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n\n\
                    Package: app\nVersion: 1\nArchitecture: amd64\n\
                    Depends: libc6 (>= 2.34), x | libc6 (>= 2.4)\n\n\
                    Package: libc6-dev\nVersion: 2.36-9\nArchitecture: amd64\n\
                    Depends: libc6 (= 2.36-9)\n";
        let mut index = Index::new("amd64");
        index.add(list.as_bytes(), 0).unwrap();
        let ids =
            |names: &[&str]| -> Vec<Id> { names.iter().map(|name| index.named(name)[0]).collect() };
        assert_eq!(needed(&index, &ids(&["libc6", "app"])).as_deref(), Some("2.34"));
        assert_eq!(needed(&index, &ids(&["libc6", "app", "libc6-dev"])).as_deref(), Some("2.36"));
        assert_eq!(needed(&index, &ids(&["libc6"])), None);
    }

    #[test]
    fn this_machines_version_is_found() {
        let found = PLACES.iter().find_map(|path| version_of(&std::fs::read(path).ok()?));
        assert_eq!(found, Some(crate::sys::libc_version()));
    }
}
