//! What of a tool directory goes into an image: programs, prefixes and receipts; not logs, stages
//! and downloads.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use lightship_model::digest::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ROOT;
use crate::build::BuildError;
use crate::build::tree::{Content, Kind, Node, Owner, Place, Stratum};

/// Parts of a tool directory that belong to what is installed.
const PARTS: [&str; 4] = ["bin", "python", "v1/store", "v1/receipts"];

/// Paths of the image, without a slash in front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed(BTreeMap<String, Entry>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    tool: String,
    mode: u32,
    mtime: u64,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Directory,
    Link(String),
    File { path: PathBuf, size: u64, sha256: Digest },
}

impl Packed {
    /// What lies in the tool directory `tools`.
    pub(super) fn of(tools: &Path) -> Result<Self, BuildError> {
        let mut found = BTreeMap::new();
        for part in PARTS {
            let folder = tools.join(part);
            if folder.is_dir() {
                walk(tools, &folder, &mut found).map_err(BuildError::io("read", &folder))?;
            }
        }
        Ok(Self(found))
    }

    /// Whether every file is as long and as old as it was.
    pub(super) fn is_here(&self) -> bool {
        self.0.values().all(|entry| match &entry.what {
            What::File { path, size, .. } => fs::symlink_metadata(path)
                .is_ok_and(|there| there.len() == *size && seconds(&there) == entry.mtime),
            What::Directory | What::Link(_) => true,
        })
    }

    /// The same as nodes of a tree.
    pub fn nodes(&self) -> impl Iterator<Item = (String, Node)> + '_ {
        self.0.iter().map(|(path, entry)| {
            let kind = match &entry.what {
                What::Directory => Kind::Directory,
                What::Link(target) => Kind::Symlink(target.clone()),
                What::File { path, size, sha256 } => Kind::File(Content {
                    size: *size,
                    digest: sha256.clone(),
                    place: Place::File(path.clone()),
                }),
            };
            let (mode, mtime) = (entry.mode, entry.mtime);
            let owner = Owner::Tool(entry.tool.clone());
            let node = Node { kind, mode, uid: 0, gid: 0, mtime, owner, stratum: Stratum::Tools };
            (path.clone(), node)
        })
    }
}

fn walk(tools: &Path, path: &Path, found: &mut BTreeMap<String, Entry>) -> io::Result<()> {
    let there = fs::symlink_metadata(path)?;
    let relative = path.strip_prefix(tools).map_err(io::Error::other)?;
    let text = relative.to_str().ok_or_else(|| io::Error::other("a name is no text"))?;
    let what = if there.is_symlink() {
        let target = fs::read_link(path)?;
        let target = target.to_str().ok_or_else(|| io::Error::other("a link is no text"))?;
        What::Link(target.to_owned())
    } else if there.is_dir() {
        What::Directory
    } else if there.is_file() {
        What::File { path: path.to_owned(), size: there.len(), sha256: digest(path)? }
    } else {
        // A socket or a pipe is nobody's content.
        return Ok(());
    };
    let is_directory = what == What::Directory;
    let mode = if there.is_symlink() { 0o777 } else { there.mode() & 0o7777 };
    let entry = Entry { tool: tool_of(text), mode, mtime: seconds(&there), what };
    found.insert(format!("{ROOT}/{text}"), entry);
    if is_directory {
        for entry in fs::read_dir(path)? {
            walk(tools, &entry?.path(), found)?;
        }
    }
    Ok(())
}

/// Whose it is: the store and the receipts name each tool with version and key.
fn tool_of(path: &str) -> String {
    let slug = ["v1/store/", "v1/receipts/"].iter().find_map(|part| path.strip_prefix(part));
    let slug = slug.and_then(|rest| rest.split('/').next()).unwrap_or("lightship");
    let mut parts = slug.rsplitn(3, '-');
    parts.nth(2).unwrap_or(slug).to_owned()
}

fn seconds(there: &fs::Metadata) -> u64 {
    u64::try_from(there.mtime()).unwrap_or(0)
}

fn digest(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 128 << 10];
    loop {
        let count = file.read(&mut block)?;
        if count == 0 {
            return Ok(Digest::from_hasher(hasher));
        }
        hasher.update(&block[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_prefixes_and_receipts_are_packed_and_logs_are_not() {
        let place = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("v1/store/uv-wheel-1.0-0123456789ab/bin/uv", "x"),
            ("v1/receipts/uv-wheel-1.0-0123456789ab.json", "{}"),
            ("v1/logs/uv.log", "long"),
            ("audit.jsonl", "{}"),
        ] {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir(place.path().join("bin")).unwrap();
        let target = "../v1/store/uv-wheel-1.0-0123456789ab/bin/uv";
        std::os::unix::fs::symlink(target, place.path().join("bin/uv")).unwrap();
        let packed = Packed::of(place.path()).unwrap();
        assert!(packed.is_here());
        let nodes: BTreeMap<String, Node> = packed.nodes().collect();
        assert!(!nodes.keys().any(|path| path.contains("logs") || path.contains("audit")));
        let uv = &nodes["opt/lightship/v1/store/uv-wheel-1.0-0123456789ab/bin/uv"];
        assert_eq!(uv.owner, Owner::Tool("uv-wheel".into()));
        assert_eq!(nodes["opt/lightship/bin/uv"].kind, Kind::Symlink(target.into()));
        fs::write(place.path().join("v1/store/uv-wheel-1.0-0123456789ab/bin/uv"), "xy").unwrap();
        assert!(!packed.is_here());
    }
}
