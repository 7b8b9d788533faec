//! Whether there is room for what is about to be written, where its size is known before.

use std::io;
use std::path::Path;

/// Fails as a full disk does when fewer than `bytes` are free on the file system of `path`,
/// before anything has been written. A file system that tells nothing stops nobody.
///
/// # Errors
/// [`io::ErrorKind::StorageFull`], with both numbers in words.
pub(crate) fn expect(path: &Path, bytes: u64) -> io::Result<()> {
    let Ok(found) = rustix::fs::statvfs(path) else { return Ok(()) };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    // FUSE file systems without an answer say that all is zero.
    if found.f_blocks == 0 || free >= bytes {
        return Ok(());
    }
    let text = format!("{} are needed, {} are free", mib(bytes), mib(free));
    Err(io::Error::new(io::ErrorKind::StorageFull, text))
}

/// A sentence if next to nothing is free on the file system of `path`, in bytes or in files.
pub(crate) fn shortage(path: &Path) -> Option<String> {
    const BYTES: u64 = 1 << 20;
    const FILES: u64 = 4;
    let found = rustix::fs::statvfs(path).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    // A file system that counts no files says that it has none.
    let short_of_files = found.f_files > 0 && found.f_favail < FILES;
    let short = found.f_blocks > 0 && free < BYTES || short_of_files;
    let files =
        if short_of_files { format!(" and {} files", found.f_favail) } else { String::new() };
    short.then(|| format!("no space left on device: {}{files} are free", mib(free)))
}

/// Bytes as MiB with one decimal, for a reader.
fn mib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_passes_and_what_can_not_fit_is_refused_in_words() {
        let dir = tempfile::tempdir().unwrap();
        expect(dir.path(), 1).unwrap();
        assert_eq!(shortage(dir.path()), None);
        let error = expect(dir.path(), u64::MAX).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("MiB are needed"), "{error}");
        expect(Path::new("/nonexistent"), u64::MAX).unwrap();
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(mib(1), "0.1 MiB");
        assert_eq!(mib(3 << 20), "3.0 MiB");
    }
}
