//! Programs: names in `PREFIX/bin`, and scripts whose interpreter lies in the root.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::Layout;
use super::launcher::{launch, script};
use super::packages::Unpacked;
use crate::install::{InstallError, Job};
use crate::store::check::executable;
use crate::store::disk as fs;

/// Names that packages' scripts would make: link, and the program that it leads to; the first
/// that is there counts.
const ALTERNATIVES: [(&str, &str); 9] = [
    ("cc", "gcc"),
    ("cc", "clang"),
    ("c++", "g++"),
    ("c++", "clang++"),
    ("awk", "gawk"),
    ("awk", "mawk"),
    ("pager", "less"),
    ("nc", "nc.openbsd"),
    ("vi", "vim.basic"),
];

const FOLDERS: [&str; 3] = ["usr/bin", "usr/sbin", "usr/games"];

/// Puts the programs of the packages that the manifest names into `bin`, and those that it
/// names itself.
pub(super) fn publish(
    job: &Job<'_>,
    layout: &Layout,
    unpacked: &Unpacked,
    packages: &[&str],
) -> Result<(), InstallError> {
    let mut names: Vec<String> = packages
        .iter()
        .filter_map(|name| unpacked.programs.get(*name))
        .flatten()
        .cloned()
        .collect();
    names.extend(job.tool.bins.iter().flatten().map(|bin| bin.as_str().to_owned()));
    for (name, target) in ALTERNATIVES {
        let link = layout.root.join("usr/bin").join(name);
        if link.symlink_metadata().is_err() && find(layout, target).is_some() {
            fs::symlink(target, &link).map_err(InstallError::io("link", &link))?;
            if names.iter().any(|name| name == target) {
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    names.dedup();
    let shell = shell(layout);
    for name in &names {
        // What is missing is told when the programs of the tool are counted.
        if let Some(program) = find(layout, name) {
            put(layout, &shell, name, &program)?;
        }
    }
    for folder in FOLDERS {
        interpreters(layout, &layout.root.join(folder))?;
    }
    Ok(())
}

/// A program of the root.
fn find(layout: &Layout, name: &str) -> Option<PathBuf> {
    let candidates = FOLDERS.iter().map(|folder| layout.root.join(folder).join(name));
    candidates.into_iter().find(|path| executable(path).is_some())
}

fn put(layout: &Layout, shell: &str, name: &str, program: &Path) -> Result<(), InstallError> {
    let link = layout.bin.join(name);
    let real = fs::canonicalize(program).map_err(InstallError::io("find", program))?;
    let real_name = real.file_name().unwrap_or_default().to_string_lossy();
    if let Some(launch) = launch(layout, &real_name) {
        fs::write(&link, script(shell, program, &launch))
            .map_err(InstallError::io("write", &link))?;
        return fs::set_permissions(&link, fs::Permissions::from_mode(0o755))
            .map_err(InstallError::io("make executable", &link));
    }
    let inside = program.strip_prefix(&layout.prefix).unwrap_or(program);
    fs::symlink(Path::new("..").join(inside), &link).map_err(InstallError::io("link", &link))
}

/// The machine's shell; the root's where it has none.
fn shell(layout: &Layout) -> String {
    let machines = ["/bin/sh", "/bin/bash"].into_iter().find(|path| Path::new(path).exists());
    let own = || ["dash", "bash"].into_iter().find_map(|name| find(layout, name));
    let found = machines.map(PathBuf::from).or_else(own);
    found.map_or_else(|| "/bin/sh".to_owned(), |path| path.display().to_string())
}

/// Makes scripts run that name an interpreter which only the root has.
fn interpreters(layout: &Layout, folder: &Path) -> Result<(), InstallError> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let mut head = [0; 2];
        let is_script = fs::File::open(&path)
            .and_then(|mut file| file.read_exact(&mut head))
            .is_ok_and(|()| &head == b"#!");
        if !is_script {
            continue;
        }
        let bytes = fs::read(&path).map_err(InstallError::io("read", &path))?;
        if let Some(changed) = with_interpreter(layout, &bytes) {
            fs::write(&path, changed).map_err(InstallError::io("write", &path))?;
        }
    }
    Ok(())
}

/// A script with an interpreter of the root; nothing if it needs no change.
fn with_interpreter(layout: &Layout, script: &[u8]) -> Option<Vec<u8>> {
    let end = script.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(script.get(2..end)?).ok()?.trim();
    let (path, arguments) = line.split_once(' ').unwrap_or((line, ""));
    let name = path.strip_prefix("/usr/bin/").or(path.strip_prefix("/bin/"))?;
    let shared = ["sh", "bash", "env"].contains(&name) && Path::new(path).exists();
    let own = find(layout, name).filter(|_| !shared)?;
    // A launcher knows more than the program itself.
    let launcher = layout.bin.join(name);
    let interpreter = if executable(&launcher).is_some() { launcher } else { own };
    let head = format!("#!{} {arguments}", interpreter.display());
    Some([head.trim_end().as_bytes(), &script[end..]].concat())
}
