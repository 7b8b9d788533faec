//! Libraries: one directory that links to them all, and programs that know it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::Layout;
use super::elf::Elf;
use super::packages::Unpacked;
use crate::install::InstallError;
use crate::store::disk as fs;

/// Libraries that every machine is taken to have by those who build for all (Python's wheels):
/// an interpreter that loads such things has to have them loaded already, as what it loads
/// looks in places of its own.
const PRELOADED: [&str; 2] = ["libstdc++.so.6", "libgcc_s.so.1"];

/// Links every library of the root into `PREFIX/lib`, except the C library's: its parts belong
/// to one another, and a process has the machine's.
pub(super) fn link(layout: &Layout, unpacked: &Unpacked) -> Result<(), InstallError> {
    for folder in ["usr/lib".to_owned(), format!("usr/lib/{}", layout.triplet)] {
        let from = layout.root.join(&folder);
        for name in names(&from)? {
            let is_library = name.contains(".so") && !unpacked.libc.contains(&name);
            if !is_library || from.join(&name).is_dir() {
                continue;
            }
            let link = layout.lib.join(&name);
            let target = Path::new("../root").join(&folder).join(&name);
            match fs::symlink(&target, &link) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(InstallError::io("link", link)(error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Makes each program look there first, and each library that has a search path of its own.
/// Others are found by whoever loads them.
pub(super) fn find_their_libraries(
    layout: &Layout,
    unpacked: &Unpacked,
) -> Result<(), InstallError> {
    let mut seen = BTreeSet::new();
    let mut folders = vec![layout.root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(InstallError::io("read", &folder))? {
            let entry = entry.map_err(InstallError::io("read", &folder))?;
            let (path, found) = (entry.path(), entry.metadata());
            let found = found.map_err(InstallError::io("look at", &path))?;
            if found.is_dir() {
                folders.push(path);
            } else if found.is_file() && !is_of_libc(&path, unpacked) {
                use std::os::unix::fs::MetadataExt as _;
                // Hard links are one file.
                if seen.insert(found.ino()) {
                    tell(layout, &path)?;
                }
            }
        }
    }
    Ok(())
}

fn is_of_libc(path: &Path, unpacked: &Unpacked) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    unpacked.libc.contains(&*name)
}

fn tell(layout: &Layout, path: &Path) -> Result<(), InstallError> {
    let Some(elf) = Elf::open(path).map_err(InstallError::io("read", path))? else {
        return Ok(());
    };
    let own = elf.search_path();
    if !elf.is_program() && own.is_empty() {
        return Ok(());
    }
    let mut search = vec![layout.lib.display().to_string()];
    for folder in own {
        let folder = moved(layout, path, folder);
        if !search.contains(&folder) {
            search.push(folder);
        }
    }
    let loads_wheels = is_python(path) && elf.is_program();
    let more = if loads_wheels { missing(layout, &elf) } else { Vec::new() };
    elf.rewrite(path, &search.join(":"), &more).map_err(InstallError::io("change", path))
}

/// A directory of a program's own search path, as it is in the root.
fn moved(layout: &Layout, program: &Path, folder: &str) -> String {
    let origin = program.parent().unwrap_or(program).display().to_string();
    let folder = folder.replace("${ORIGIN}", "$ORIGIN");
    if let Some(rest) = folder.strip_prefix("$ORIGIN") {
        return plain(&format!("{origin}{rest}"));
    }
    plain(&layout.root.join(folder.trim_start_matches('/')).display().to_string())
}

/// A path without `..`; its parts are directories of ours.
fn plain(path: &str) -> String {
    let mut out = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            std::path::Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out.display().to_string()
}

fn is_python(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let version = name.strip_prefix("python3.").unwrap_or_default();
    !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
}

fn missing(layout: &Layout, elf: &Elf) -> Vec<&'static str> {
    let needed = elf.needed();
    let wanted = PRELOADED.into_iter().filter(|name| !needed.contains(name));
    wanted.filter(|name| layout.lib.join(name).exists()).collect()
}

fn names(folder: &Path) -> Result<Vec<String>, InstallError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(InstallError::io("read", folder)(error)),
    };
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}
