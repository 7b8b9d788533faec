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
