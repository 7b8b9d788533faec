//! Replacing a file so that a reader, or a crash, sees the old text or the new one.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::disk as fs;

/// Begins the extension of a file that is to replace another one; its writer's number follows.
const ASIDE: &str = "new-";

/// Whether `path` is a file that was written aside: rubbish, once its writer is dead.
pub fn is_aside(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let number = extension.and_then(|extension| extension.strip_prefix(ASIDE));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Writes `bytes` aside, syncs them, and renames them to `path`; then syncs the directory.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = beside(path);
    let write = || {
        let mut file = fs::create(&aside)?;
        fs::write_all(&mut file, &aside, bytes)?;
        fs::sync(&file, &aside)?;
        crate::fault::point("written-aside");
        fs::rename(&aside, path)
    };
    if let Err(error) = again_if_swept(write) {
        // The first error is the one to report; the file aside is rubbish either way.
        drop(fs::remove_file(&aside));
        return Err(error);
    }
    sync_dir(path.parent().unwrap_or(Path::new("/")))
}

/// Where this process writes what is to replace `path`.
pub fn beside(path: &Path) -> PathBuf {
    path.with_added_extension(format!("{ASIDE}{}", own_number()))
}

/// A number of this process alone. Its process number is not: two containers share a volume, and
/// in both the loader is process 7.
fn own_number() -> u32 {
    static NUMBER: OnceLock<u32> = OnceLock::new();
    let draw = || RandomState::new().hash_one(std::process::id());
    *NUMBER.get_or_init(|| u32::try_from(draw() >> 32).unwrap_or_default())
}

/// Does `act` again where its file is suddenly gone: not every file is written under the lock,
/// and a loader that has it sweeps once, when it begins. As many may begin as there are tries.
pub(super) fn again_if_swept(act: impl Fn() -> io::Result<()>) -> io::Result<()> {
    const TRIES: usize = 8;
    for _ in 1..TRIES {
        match act() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
    }
    act()
}

/// Makes the names in `dir` durable.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    fs::sync(&fs::File::open(dir)?, dir)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_new_text_replaces_the_old_and_nothing_stays_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_that_were_written_aside_are_told_from_others() {
        assert!(is_aside(Path::new("/t/loader-state.json.new-17")));
        for other in ["/t/loader-state.json", "/t/x.new-", "/t/x.new-y", "/t/new-1/x", "/t/new-1"] {
            assert!(!is_aside(Path::new(other)), "{other}");
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        assert!(replace(Path::new("/nonexistent/x"), b"").is_err());
    }
}
