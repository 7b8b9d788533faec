//! Room on the disk: looked at before bytes come, and while they do.

use std::path::Path;

use lightship_model::volume::Space;

use super::volume;
use crate::install::InstallError;

/// What stays free, so that receipts, state and logs can still be written: a 64th of the file
/// system, and no more than this.
const RESERVE: u64 = 16 << 20;

/// Bytes that may still be written under `path` without touching the reserve; nothing where the
/// file system does not say.
pub(crate) fn usable(path: &Path) -> Option<u64> {
    volume::space_at(path).as_ref().map(usable_of)
}

/// The same where the room is known.
pub(crate) fn usable_of(space: &Space) -> u64 {
    space.free_bytes.saturating_sub(RESERVE.min(space.total_bytes / 64))
}

/// Fails, before anything was written, if `needed` more bytes don't fit under `path`.
pub(crate) fn check(path: &Path, needed: u64) -> Result<(), InstallError> {
    match usable(path) {
        Some(free) if free < needed => Err(InstallError::NoSpace {
            needed: megabytes(needed),
            // Rounded the other way, or what does not fit could look as if it did.
            free: megabytes(if free < 1_000_000 { free } else { free - free % 1_000_000 }),
            at: path.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// A sentence if next to nothing is free on the file system of `path`, in bytes or in files.
pub(crate) fn shortage(path: &Path) -> Option<String> {
    const BYTES: u64 = 1 << 20;
    const FILES: u64 = 4;
    let space = volume::space_at(path)?;
    let few = space.free_files.filter(|files| *files < FILES);
    let files = few.map(|files| format!(" and {files} files")).unwrap_or_default();
    let free = megabytes(space.free_bytes);
    (space.free_bytes < BYTES || few.is_some())
        .then(|| format!("no space left on device: {free}{files} are free"))
}

/// Whole megabytes, and smaller things as kilobytes.
pub(crate) fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{} MB", bytes.div_ceil(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_both_numbers_and_the_place() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 1).unwrap();
        assert_eq!(shortage(dir.path()), None);
        let error = check(dir.path(), u64::MAX).unwrap_err().to_string();
        assert!(error.contains(" MB free on `"), "{error}");
        assert!(error.contains(&dir.path().display().to_string()), "{error}");
        // One that tells nothing stops nobody.
        check(Path::new("/nonexistent"), u64::MAX).unwrap();
    }

    #[test]
    fn the_reserve_is_not_for_tools() {
        let space = |free, total| Space { free_bytes: free, total_bytes: total, free_files: None };
        assert_eq!(usable_of(&space(20 << 20, 64 << 30)), 4 << 20);
        assert_eq!(usable_of(&space(3 << 20, 64 << 20)), 2 << 20);
        assert_eq!(usable_of(&space(1, 64 << 30)), 0);
    }

    #[test]
    fn sizes_are_shown_without_a_false_zero() {
        assert_eq!(megabytes(1), "1 kB");
        assert_eq!(megabytes(12_000_000), "12 MB");
    }
}
