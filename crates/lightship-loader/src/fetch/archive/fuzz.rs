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

/// Puts the checksum of a tar's header right.
pub(crate) fn put_checksum(block: &mut [u8; tar::BLOCK]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn check(bytes: &[u8], strip: u8) {
    let place = Place::new("archive");
    let file = place.0.join("archive");
    let prefix = place.0.join("prefix");
    assert!(fs::write(&file, bytes).is_ok() && fs::create_dir(&prefix).is_ok());
    let limits = Limits::fixed(BYTES, ENTRIES);
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
    Bounds { bytes: BYTES, entries: ENTRIES, modes: 0o7022 }.assert_hold(&prefix, done.is_ok());
}

/// What may lie in a prefix: files, directories and links alone, and so much of them.
pub(crate) struct Bounds {
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
    /// Bits that no file's mode has.
    pub(crate) modes: u32,
}

impl Bounds {
    /// Asserts that they hold in `prefix`; in a `whole` one no link leads out.
    pub(crate) fn assert_hold(&self, prefix: &Path, whole: bool) {
        let mut found = Found::default();
        found.walk(prefix, prefix, whole);
        assert!(found.bytes <= self.bytes, "{} bytes", found.bytes);
        assert!(found.entries <= self.entries, "{} entries", found.entries);
        assert_eq!(found.modes & self.modes, 0, "strange modes: {:o}", found.modes);
    }
}

/// What lies in a prefix.
#[derive(Default)]
struct Found {
    bytes: u64,
    entries: u64,
    /// All bits of all files' modes.
    modes: u32,
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
                self.modes |= found.mode() & 0o7777;
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
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    /// One for what is called `name`.
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let path = base.join(format!("lightship-{name}-{}-{count}", std::process::id()));
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
