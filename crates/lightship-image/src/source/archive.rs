//! A tar with an image in it: which file lies where. Contents are read where they lie.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

use super::blobs::{Blob, Blobs, Range};
use super::{SourceError, unpack};
use crate::tar::read::{Reader, TarError, Type};

/// No image is made of more files, in an archive; a root tar may well be.
const MOST_MEMBERS: usize = 1 << 20;
/// Of links that lead to links.
const MOST_LINKS: usize = 8;

/// What lies where in an archive.
#[derive(Debug)]
pub(super) struct Archive {
    name: String,
    file: Arc<File>,
    members: HashMap<String, Member>,
    /// A directory of a root was seen.
    root: bool,
}

#[derive(Clone, Debug)]
enum Member {
    File {
        at: u64,
        length: u64,
    },
    /// To the path of another, from the top of the archive.
    Link(String),
}

impl Archive {
    /// Reads the headers of all entries.
    pub(super) fn index(file: File, name: &str) -> Result<Self, SourceError> {
        let what = || format!("`{name}`");
        let tar = |source| SourceError::Tar { what: what(), source };
        let length = file.metadata().map_err(SourceError::read(name))?.len();
        let whole = Range::new(Arc::new(file), 0, length);
        let file = Arc::clone(whole.file());
        let mut reader = Reader::new(BufReader::with_capacity(16 << 10, whole));
        let mut members = HashMap::new();
        let mut root = false;
        while let Some(header) = reader.next_header().map_err(tar)? {
            let path = normal(&header.path, "");
            let top = path.split('/').next().unwrap_or_default();
            root |= matches!(top, "usr" | "bin" | "etc");
            let member = match header.kind {
                Type::File if header.sparse => None,
                Type::File => {
                    let at = reader.position();
                    if at.checked_add(header.size).is_none_or(|end| end > length) {
                        let what = "it ends within the content of an entry";
                        return Err(tar(TarError::Wrong { at, what }));
                    }
                    Some(Member::File { at, length: header.size })
                }
                Type::HardLink => Some(Member::Link(normal(&header.link, ""))),
                Type::Symlink => Some(Member::Link(normal(&header.link, &path))),
                Type::Directory | Type::Special | Type::Unknown(_) => None,
            };
            if let Some(member) = member.filter(|_| !root || members.len() < MOST_MEMBERS) {
                members.insert(path, member);
            }
            if members.len() > MOST_MEMBERS {
                return Err(SourceError::TooMuch { what: "files", limit: MOST_MEMBERS });
            }
            reader.seek_over().map_err(tar)?;
        }
        Ok(Self { name: name.to_owned(), file, members, root })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether it looks like the root of a system.
    pub(super) fn is_root(&self) -> bool {
        self.root
    }

    fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = name;
        for _ in 0..MOST_LINKS {
            match self.members.get(name)? {
                Member::File { at, length } => return Some((*at, *length)),
                Member::Link(target) => name = target,
            }
        }
        None
    }
}

impl Blobs for Archive {
    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, SourceError> {
        let name = normal(blob.name.as_bytes(), "");
        let missing =
            || SourceError::Missing { what: format!("`{}` of `{}`", blob.name, self.name) };
        let (at, length) = self.find(&name).ok_or_else(missing)?;
        Ok(Box::new(Range::new(Arc::clone(&self.file), at, length)))
    }
}

/// A path without `.`, `..` and empty parts; beside `from` if that is not empty.
fn normal(path: &[u8], from: &str) -> String {
    let path = String::from_utf8_lossy(path);
    let mut parts: Vec<&str> =
        if path.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    // The link's own name.
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => (),
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether `bytes` begin a tar.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    match reader.next_header() {
        Ok(header) => header.is_some(),
        // What is behind the first header is not there.
        Err(_) => {
            reader.position() >= unpack::TAR_BLOCK
                && bytes.len() >= 262
                && &bytes[257..262] == b"ustar"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_from_where_they_are() {
        assert_eq!(normal(b"./a//b/../c", ""), "a/c");
        assert_eq!(normal(b"../x/layer.tar", "y/layer.tar"), "x/layer.tar");
        assert_eq!(normal(b"/x", "y/z"), "x");
        assert_eq!(normal(b"../../../x", "y/z"), "x");
    }
}
