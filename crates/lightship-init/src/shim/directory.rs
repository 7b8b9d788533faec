//! The directory of shims: made at the start, in the local directory. Nothing depends on it but
//! that programs which are not there yet are found.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use lightship_model::shims::{MAP, ShimMap};
use rustix::process::geteuid;

use super::TARGET;
use crate::control::ControlAddress;

/// For everybody to run, and for nobody else to change.
const MODE: u32 = 0o755;

/// Why there are no shims.
#[derive(Debug, thiserror::Error)]
pub enum ShimsError {
    #[error("can't {what} `{path}`")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("`{path}` belongs to somebody else, or others may write there")]
    NotOurs { path: PathBuf },
    #[error("`{path}` serves another lightship that runs ({control}); LOA_LOCAL_DIR names another")]
    Taken { path: PathBuf, control: String },
    #[error("{0}")]
    Map(&'static str),
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ShimsError {
    let path = path.to_owned();
    move |source| ShimsError::Io { what, path, source }
}

/// Makes the directory `shims` in `local` say what `map` says: each shim a link that leads to
/// `program`, which is this one.
///
/// # Errors
/// When it can't be made, belongs to somebody else, or serves another lightship.
pub fn make(local: &Path, map: &ShimMap, program: &Path) -> Result<(), ShimsError> {
    let dir = local.join("shims");
    if map.programs.is_empty() && !dir.exists() {
        return Ok(());
    }
    if let Some(parent) = local.parent() {
        fs::create_dir_all(parent).map_err(io_error("make", parent))?;
    }
    own_dir(local)?;
    own_dir(&dir)?;
    if let Some(control) = taken(&dir, map) {
        return Err(ShimsError::Taken { path: dir, control });
    }
    // Whoever is called from now on finds what it needs.
    write_map(&dir, map)?;
    link(&dir, OsStr::new(TARGET), program)?;
    let mut wanted: Vec<&OsStr> =
        map.programs.iter().map(|(name, _)| OsStr::new(name.as_str())).collect();
    for entry in fs::read_dir(&dir).map_err(io_error("read", &dir))?.flatten() {
        if !fs::read_link(entry.path()).is_ok_and(|target| target == Path::new(TARGET)) {
            continue;
        }
        match wanted.iter().position(|name| *name == entry.file_name()) {
            Some(index) => drop(wanted.swap_remove(index)),
            None => fs::remove_file(entry.path()).map_err(io_error("remove", &entry.path()))?,
        }
    }
    for name in wanted {
        link(&dir, name, Path::new(TARGET))?;
    }
    Ok(())
}

/// Makes a directory, or finds that it is this user's own. In a directory that everybody may
/// write to, a link or a directory of somebody else's is a trap.
fn own_dir(path: &Path) -> Result<(), ShimsError> {
    match DirBuilder::new().mode(MODE).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(io_error("make", path)(error));
        }
        Ok(()) | Err(_) => {}
    }
    let found = fs::symlink_metadata(path).map_err(io_error("look at", path))?;
    let ours = found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0;
    if ours { Ok(()) } else { Err(ShimsError::NotOurs { path: path.to_owned() }) }
}

/// The control socket of another lightship that the directory serves.
fn taken(dir: &Path, map: &ShimMap) -> Option<String> {
    let text = fs::read_to_string(dir.join(MAP)).ok()?;
    let control =
        ShimMap::parse(&text)?.control.filter(|other| Some(other) != map.control.as_ref())?;
    let lives = control.parse::<ControlAddress>().is_ok_and(|address| address.is_listened_to());
    lives.then_some(control)
}

fn write_map(dir: &Path, map: &ShimMap) -> Result<(), ShimsError> {
    let text = map.to_text().map_err(ShimsError::Map)?;
    let path = dir.join(MAP);
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let aside = aside(dir, OsStr::new(MAP));
    let written = File::create(&aside).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| fs::rename(&aside, &path)).map_err(io_error("write", &path))
}

/// Makes `name` a link to `target`; what stands there under that name is replaced.
fn link(dir: &Path, name: &OsStr, target: &Path) -> Result<(), ShimsError> {
    let path = dir.join(name);
    if fs::read_link(&path).is_ok_and(|there| there == target) {
        return Ok(());
    }
    let aside = aside(dir, name);
    // One that a killed start has left.
    fs::remove_file(&aside).unwrap_or_default();
    let made = symlink(target, &aside).and_then(|()| fs::rename(&aside, &path));
    made.map_err(io_error("make the link", &path))
}

fn aside(dir: &Path, name: &OsStr) -> PathBuf {
    let mut aside = OsString::from(".new-");
    aside.push(name);
    dir.join(aside)
}

/// The program that shims lead to: this one, as long as its file is there.
pub fn own_program() -> Option<PathBuf> {
    std::env::current_exe().ok().filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn map(programs: &[&str]) -> ShimMap {
        let tool = || "tool".parse().unwrap();
        ShimMap {
            programs: programs.iter().map(|name| (name.parse().unwrap(), tool())).collect(),
            dirs: vec!["/t/bin".to_owned()],
            ..ShimMap::default()
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn shims_follow_the_manifest() {
        let root = tempfile::tempdir().unwrap();
        let local = root.path().join("local");
        let shims = local.join("shims");
        make(&local, &map(&["ck", "br"]), Path::new("/x/init")).unwrap();
        assert_eq!(names(&shims), [".lightship-shim", ".lightship-shims", "br", "ck"]);
        make(&local, &map(&["ck", "zz"]), Path::new("/y/init")).unwrap();
        assert_eq!(names(&shims), [".lightship-shim", ".lightship-shims", "ck", "zz"]);
        assert_eq!(fs::read_link(shims.join(TARGET)).unwrap(), Path::new("/y/init"));
        make(&local, &map(&[]), Path::new("/y/init")).unwrap();
        assert_eq!(names(&shims), [".lightship-shim", ".lightship-shims"]);
    }

    #[test]
    fn where_no_program_is_wanted_nothing_is_made() {
        let root = tempfile::tempdir().unwrap();
        make(&root.path().join("local"), &map(&[]), Path::new("/x")).unwrap();
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn a_link_or_a_directory_that_others_may_write_is_not_used() {
        let root = tempfile::tempdir().unwrap();
        let open = root.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let trap = root.path().join("trap");
        fs::create_dir(root.path().join("theirs")).unwrap();
        symlink(root.path().join("theirs"), &trap).unwrap();
        for local in [&open, &trap] {
            let error = make(local, &map(&["ck"]), Path::new("/x")).unwrap_err();
            assert!(matches!(error, ShimsError::NotOurs { .. }), "{error}");
        }
        assert!(names(&open).is_empty() && names(&root.path().join("theirs")).is_empty());
    }

    #[test]
    fn the_directory_of_another_lightship_that_runs_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let local = root.path().join("local");
        let name = format!("@lightship-test-shims-{}", std::process::id());
        let theirs = ShimMap { control: Some(name.clone()), ..map(&["ck"]) };
        make(&local, &theirs, Path::new("/x")).unwrap();
        let listener = name.parse::<ControlAddress>().unwrap().bind().unwrap();
        let error = make(&local, &map(&["br"]), Path::new("/y")).unwrap_err();
        assert!(matches!(error, ShimsError::Taken { .. }), "{error}");
        assert!(local.join("shims/ck").is_symlink());
        make(&local, &theirs, Path::new("/x")).unwrap();
        drop(listener);
        make(&local, &map(&["br"]), Path::new("/y")).unwrap();
    }
}
