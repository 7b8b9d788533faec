//! Any bytes as an archive: whatever comes of it, it stays in its directory and has bounds.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::limits::Limits;
use super::{Order, tar, unpack};

const BYTES: u64 = 256 << 10;
const ENTRIES: u64 = 200;

/// Unpacks `bytes` in a directory of its own, as they are and with tar's checksums put right.
pub(crate) fn archive(bytes: &[u8]) {
    check(bytes, 0);
    let mut summed = bytes.to_owned();
    let mut changed = false;
    for block in summed.as_chunks_mut::<{ tar::BLOCK }>().0 {
        if &block[257..262] == b"ustar" && !tar::is_header(block) {
            put_checksum(block);
            changed = true;
        }
    }
    if changed {
        check(&summed, 0);
    }
    check(&summed, 1);
}

fn put_checksum(block: &mut [u8; tar::BLOCK]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn check(bytes: &[u8], strip: u8) {
    let place = Place::new();
    let file = place.0.join("archive");
    let prefix = place.0.join("prefix");
    assert!(fs::write(&file, bytes).is_ok() && fs::create_dir(&prefix).is_ok());
    let limits = Limits { bytes: BYTES, entries: ENTRIES, room: u64::MAX };
    let single = Some("bin/x".to_owned());
    let order =
        Order { file: file.clone(), prefix: prefix.clone(), take: vec![], strip, single, limits };
    let done = unpack::run(&order);
    if let Err(error) = &done {
        let text = error.to_string();
        assert!(text.len() < 4096, "{text}");
    }
    assert_eq!(fs::read(&file).ok().as_deref(), Some(bytes), "the archive was changed");
    let beside = fs::read_dir(&place.0).into_iter().flatten().count();
    assert_eq!(beside, 2, "something was written beside the prefix");
    let mut found = Found::default();
    found.walk(&prefix, &prefix, done.is_ok());
    assert!(found.bytes <= BYTES, "{} bytes", found.bytes);
    assert!(found.entries <= ENTRIES, "{} entries", found.entries);
}

/// What lies in a prefix.
#[derive(Default)]
struct Found {
    bytes: u64,
    entries: u64,
}

impl Found {
    fn walk(&mut self, dir: &Path, prefix: &Path, whole: bool) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(found) = entry.metadata() else { continue };
            self.entries += 1;
            if found.is_dir() {
                self.walk(&path, prefix, whole);
            } else if found.is_symlink() {
                // Of an archive that was refused, nothing is used.
                let inside = !whole || leads_inside(&path, prefix);
                assert!(inside, "{} leads out", path.display());
            } else {
                assert!(found.is_file(), "{} is no file", path.display());
                assert_eq!(found.mode() & 0o7022, 0, "{} has a strange mode", path.display());
                self.bytes += found.len() / found.nlink();
            }
        }
    }
}

fn leads_inside(link: &Path, prefix: &Path) -> bool {
    let prefix = fs::canonicalize(prefix).unwrap_or_default();
    // A link to nothing leads nowhere.
    fs::canonicalize(link).map_or(true, |target| target.starts_with(prefix))
}

/// A directory that is gone in the end; in memory, where there is such a place.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let path = base.join(format!("lightship-archive-{}-{count}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        assert!(fs::create_dir(&path).is_ok());
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
