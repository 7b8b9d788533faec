//! What a container finds at a path.

use super::Measurement;
use super::entry::{EntryId, Kind};
use super::paths::PathId;

/// Of links that lead to links; the kernel's own limit.
const MOST_LINKS: usize = 40;

/// The live entries by their paths.
#[derive(Clone, Debug)]
pub struct View<'a> {
    measurement: &'a Measurement,
    at: Vec<Option<EntryId>>,
}

impl<'a> View<'a> {
    pub fn new(measurement: &'a Measurement) -> Self {
        let mut at = vec![None; measurement.paths.len()];
        for (id, entry, path) in measurement.live() {
            // A content that lives by a hard link alone is behind that link's entry.
            if let Some(place) = at.get_mut(path.0 as usize).filter(|_| entry.path == path) {
                *place = Some(id);
            }
        }
        Self { measurement, at }
    }

    /// The entry at a path, which may be a hard link ([`Self::content`]).
    pub fn at(&self, path: PathId) -> Option<EntryId> {
        self.at.get(path.0 as usize).copied().flatten()
    }

    /// The entry that has the content of the one at a path.
    pub fn content(&self, path: PathId) -> Option<EntryId> {
        let id = self.at(path)?;
        match self.measurement.entry(id)?.kind {
            Kind::HardLink(content) => Some(content),
            _ => Some(id),
        }
    }

    /// Where `path` leads, from the root, through links to directories, and through a link at
    /// its end, too, with `follow`. Nothing where nothing is there: directories that no entry
    /// made are there all the same.
    pub fn resolve(&self, path: &[u8], follow: bool) -> Option<PathId> {
        self.resolve_from(PathId::ROOT, path, follow)
    }

    /// The same, where `path` may begin in the directory `from`.
    pub fn resolve_from(&self, from: PathId, path: &[u8], follow: bool) -> Option<PathId> {
        let mut at = if path.starts_with(b"/") { PathId::ROOT } else { from };
        let mut rest: Vec<Vec<u8>> = parts(path);
        let mut links = 0;
        while let Some(part) = rest.pop() {
            if part == b".." {
                at = self.measurement.paths.parent(at).unwrap_or(PathId::ROOT);
                continue;
            }
            at = self.measurement.paths.child(at, &part)?;
            let Some(id) = self.at(at) else {
                // On the way to something that may live, else dead.
                if rest.is_empty() && !self.holds(at) {
                    return None;
                }
                continue;
            };
            if let Kind::Symlink(target) = &self.measurement.entry(id)?.kind
                && (follow || !rest.is_empty())
            {
                links += 1;
                if links > MOST_LINKS || rest.len() > 4096 {
                    return None;
                }
                at = if target.starts_with(b"/") {
                    PathId::ROOT
                } else {
                    self.measurement.paths.parent(at)?
                };
                rest.extend(parts(target));
            }
        }
        Some(at)
    }

    /// Whether anything lives below a path.
    fn holds(&self, path: PathId) -> bool {
        let mut waiting = vec![path];
        while let Some(at) = waiting.pop() {
            if self.at(at).is_some() {
                return true;
            }
            waiting.extend(self.measurement.paths.children(at));
        }
        false
    }
}

/// The parts of a path, the last first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/').rev();
    parts.filter(|part| !part.is_empty() && *part != b".").map(<[u8]>::to_vec).collect()
}
