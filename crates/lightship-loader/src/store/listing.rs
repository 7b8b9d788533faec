//! `receipts/<slug>.files`: every file of a prefix with its digest, as it was installed. The
//! receipt holds the list's own digest.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::{ToolDir, replace};
use crate::sys;

/// What lies in a prefix, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing(BTreeMap<String, Item>);

/// A thing in a prefix. Its words are those of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Folder {
        mode: u32,
    },
    /// Without a digest when its owner may not read it.
    File {
        mode: u32,
        size: u64,
        digest: Option<Digest>,
    },
    Link {
        target: String,
    },
    /// A socket or the like.
    Other,
}

/// How a prefix differs from its list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) lost: Vec<String>,
    pub(crate) changed: Vec<String>,
    pub(crate) added: Vec<String>,
}

impl Difference {
    pub(crate) fn is_none(&self) -> bool {
        self.lost.is_empty() && self.changed.is_empty() && self.added.is_empty()
    }
}

impl Listing {
    /// Looks at everything under `prefix`, at idle priority; `late` ends it.
    pub(crate) fn take(prefix: &Path, late: &(dyn Fn() -> bool + Sync)) -> io::Result<Self> {
        std::thread::scope(|scope| {
            let body = || {
                sys::be_idle();
                Self::of(prefix, late)
            };
            let thread = std::thread::Builder::new().name("list".into());
            let panicked = |_| Err(io::Error::other("the thread that reads it panicked"));
            thread.spawn_scoped(scope, body)?.join().unwrap_or_else(panicked)
        })
    }

    fn of(prefix: &Path, late: &dyn Fn() -> bool) -> io::Result<Self> {
        let mut items = BTreeMap::new();
        for path in walk(prefix)? {
            if late() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            items.insert(name(prefix, &path), Item::at(&path, late)?);
        }
        Ok(Self(items))
    }

    pub(crate) fn files(&self) -> u64 {
        let file = |item: &&Item| !matches!(item, Item::Folder { .. });
        self.0.values().filter(file).count().try_into().unwrap_or(u64::MAX)
    }

    /// What is not as it was; `late` ends it. Bytecode that Python has put beside its sources since
    /// is no change.
    pub(crate) fn compare(&self, prefix: &Path, late: &dyn Fn() -> bool) -> io::Result<Difference> {
        let mut difference = Difference::default();
        let mut left = self.0.clone();
        for path in walk(prefix)? {
            if late() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let name = name(prefix, &path);
            match left.remove(&name) {
                None if name.split('/').any(|part| part == "__pycache__") => {}
                None => difference.added.push(name),
                Some(item) if item.is_still_at(&path, late)? => {}
                Some(_) => difference.changed.push(name),
            }
        }
        difference.lost.extend(left.into_keys());
        difference.changed.sort();
        difference.added.sort();
        Ok(difference)
    }

    fn to_text(&self) -> String {
        let lines = self.0.iter().map(|(path, item)| format!("{}\t{path}", item.to_text()));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let item = |line: &str| {
            let (item, path) = line.rsplit_once('\t')?;
            Some((path.to_owned(), Item::parse(item)?))
        };
        text.lines().map(item).collect::<Option<BTreeMap<_, _>>>().map(Self)
    }
}

impl Item {
    fn at(path: &Path, late: &dyn Fn() -> bool) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        let mode = mode(&metadata);
        if metadata.is_symlink() {
            let target = fs::read_link(path)?;
            return Ok(Self::Link { target: escape(target.as_os_str().as_bytes()) });
        }
        if metadata.is_dir() {
            return Ok(Self::Folder { mode });
        }
        if !metadata.is_file() {
            return Ok(Self::Other);
        }
        let digest = match digest(path, late) {
            Ok(digest) => Some(digest),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            Err(error) => return Err(error),
        };
        Ok(Self::File { mode, size: metadata.len(), digest })
    }

    /// Like comparing with [`at`](Self::at), without reading what has another size or mode.
    fn is_still_at(&self, path: &Path, late: &dyn Fn() -> bool) -> io::Result<bool> {
        if let Self::File { mode: was, size, digest } = self {
            let metadata = fs::symlink_metadata(path)?;
            if !metadata.is_file() || mode(&metadata) != *was || metadata.len() != *size {
                return Ok(false);
            }
            if digest.is_none() {
                return Ok(true);
            }
        }
        Ok(Self::at(path, late)? == *self)
    }

    fn to_text(&self) -> String {
        match self {
            Self::Folder { mode } => format!("folder\t{mode:o}"),
            Self::File { mode, size, digest } => {
                let digest = digest.as_ref().map_or("-", Digest::as_str);
                format!("file\t{mode:o}\t{size}\t{digest}")
            }
            Self::Link { target } => format!("link\t{target}"),
            Self::Other => "other".to_owned(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split('\t').collect();
        let octal = |text: &str| u32::from_str_radix(text, 8).ok();
        Some(match words[..] {
            ["folder", mode] => Self::Folder { mode: octal(mode)? },
            ["file", mode, size, digest] => {
                let digest = (digest != "-").then(|| digest.parse()).transpose().ok()?;
                Self::File { mode: octal(mode)?, size: size.parse().ok()?, digest }
            }
            ["link", target] => Self::Link { target: target.to_owned() },
            ["other"] => Self::Other,
            _ => return None,
        })
    }
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

fn digest(path: &Path, late: &dyn Fn() -> bool) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 128 * 1024];
    loop {
        // A file may be larger than what can be read in no time.
        if late() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match file.read(&mut block)? {
            0 => return Ok(Digest::from_hasher(hasher)),
            count => hasher.update(&block[..count]),
        }
    }
}

/// Everything under `root`, itself left out.
fn walk(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// The path under `prefix`, in one word that a line of the list can hold.
fn name(prefix: &Path, path: &Path) -> String {
    escape(path.strip_prefix(prefix).unwrap_or(path).as_os_str().as_bytes())
}

/// Bytes that are no visible ASCII, and `%`, as `%0A`.
fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b' '..=b'~' if *byte != b'%' => text.push(char::from(*byte)),
            _ => {
                let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
                text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    text
}

fn path(dir: &ToolDir, slug: &str) -> PathBuf {
    dir.receipts().join(format!("{slug}.files"))
}

/// Writes the list; the receipt, which is written after it, holds the digest.
pub(crate) fn write(dir: &ToolDir, slug: &str, listing: &Listing) -> io::Result<Digest> {
    let text = listing.to_text();
    replace(&path(dir, slug), text.as_bytes())?;
    Ok(Digest::of(text.as_bytes()))
}

/// The list with that digest. Nothing when it is gone or another one.
pub(crate) fn read(dir: &ToolDir, slug: &str, digest: &Digest) -> Option<Listing> {
    let text = fs::read_to_string(path(dir, slug)).ok()?;
    (Digest::of(text.as_bytes()) == *digest).then(|| Listing::parse(&text)).flatten()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn prefix() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("lib/a b")).unwrap();
        fs::write(dir.path().join("lib/a b/10 %\nü"), "x").unwrap();
        fs::write(dir.path().join("lib/y"), "y").unwrap();
        symlink("lib/y", dir.path().join("link")).unwrap();
        dir
    }

    fn take(dir: &Path) -> Listing {
        Listing::take(dir, &|| false).unwrap()
    }

    #[test]
    fn a_list_reads_back_whatever_its_files_are_called() {
        let dir = prefix();
        let listing = take(dir.path());
        assert_eq!((listing.0.len(), listing.files()), (5, 3));
        assert_eq!(Listing::parse(&listing.to_text()), Some(listing.clone()));
        assert!(listing.compare(dir.path(), &|| false).unwrap().is_none());
        for bad in ["x", "file\t1\ta", "file\t9\t1\t-\ta", "folder\t1\t2\ta"] {
            assert_eq!(Listing::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_kind_of_change_is_found() {
        let dir = prefix();
        let listing = take(dir.path());
        let at = |name: &str| dir.path().join(name);
        // The same size, the same mode.
        fs::write(at("lib/y"), "z").unwrap();
        fs::remove_file(at("link")).unwrap();
        fs::write(at("link"), "lib/y").unwrap();
        fs::remove_dir_all(at("lib/a b")).unwrap();
        fs::write(at("new"), "").unwrap();
        fs::create_dir_all(at("lib/__pycache__")).unwrap();
        fs::write(at("lib/__pycache__/y.pyc"), "").unwrap();
        let found = listing.compare(dir.path(), &|| false).unwrap();
        assert_eq!(found.changed, ["lib/y", "link"]);
        assert_eq!(found.lost, ["lib/a b", "lib/a b/10 %25%0A%C3%BC"]);
        assert_eq!(found.added, ["new"]);
    }

    #[test]
    fn a_list_that_was_changed_is_none() {
        let dir = prefix();
        let root = tempfile::tempdir().unwrap();
        let tools = ToolDir::at(root.path());
        fs::create_dir_all(tools.receipts()).unwrap();
        let digest = write(&tools, "x-1-0", &take(dir.path())).unwrap();
        assert!(read(&tools, "x-1-0", &digest).is_some());
        fs::write(path(&tools, "x-1-0"), "").unwrap();
        assert!(read(&tools, "x-1-0", &digest).is_none());
    }

    #[test]
    fn there_is_an_end_to_it_when_the_time_is_over() {
        let dir = prefix();
        let error = Listing::take(dir.path(), &|| true).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let error = take(dir.path()).compare(dir.path(), &|| true).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
