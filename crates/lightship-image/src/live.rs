//! What a container of a measured image sees: paths, links followed, and names of files.

use std::collections::{HashMap, VecDeque};

use crate::measure::{EntryId, Kind, Measurement, PathId};

/// Links that are followed for one path, as the kernel has it.
const MOST_LINKS: usize = 40;

/// The live part of an image, to be looked up.
#[derive(Debug)]
pub struct Live<'a> {
    pub image: &'a Measurement,
    /// By path: what is there, a hard link's own entry included.
    at: Vec<Option<EntryId>>,
    /// Entries by the content that they are names of.
    names: HashMap<EntryId, Vec<EntryId>>,
}

impl<'a> Live<'a> {
    pub fn new(image: &'a Measurement) -> Self {
        let mut at = vec![None; image.paths.len()];
        let mut names: HashMap<EntryId, Vec<EntryId>> = HashMap::new();
        for (id, entry, path) in image.live() {
            if let Some(place) = at.get_mut(path.0 as usize) {
                *place = Some(id);
            }
            match entry.kind {
                Kind::File => names.entry(id).or_default().push(id),
                Kind::HardLink(content) => names.entry(content).or_default().push(id),
                _ => {}
            }
        }
        Self { image, at, names }
    }

    /// The entry at exactly this path.
    pub fn at(&self, path: PathId) -> Option<EntryId> {
        *self.at.get(path.0 as usize)?
    }

    /// The entry that has the content of a file: itself, or what it is a hard link to.
    pub fn content(&self, id: EntryId) -> EntryId {
        match self.image.entry(id).map(|entry| &entry.kind) {
            Some(Kind::HardLink(content)) => *content,
            _ => id,
        }
    }

    /// The live entries that are names of the content `id`.
    pub fn names(&self, id: EntryId) -> &[EntryId] {
        self.names.get(&id).map_or(&[], Vec::as_slice)
    }

    /// What is found at `path` once all links were followed, as the content's entry.
    pub fn resolve(&self, path: &[u8]) -> Option<EntryId> {
        self.resolve_from(PathId::ROOT, path)
    }

    /// What a symbolic link leads to.
    pub fn target(&self, link: EntryId) -> Option<EntryId> {
        let entry = self.image.entry(link)?;
        let Kind::Symlink(target) = &entry.kind else { return None };
        self.resolve_from(self.image.paths.parent(entry.live_at()?)?, target)
    }

    fn resolve_from(&self, directory: PathId, path: &[u8]) -> Option<EntryId> {
        let paths = &self.image.paths;
        let parts = |path: &[u8]| -> Vec<Vec<u8>> {
            path.split(|byte| *byte == b'/')
                .filter(|part| !part.is_empty())
                .map(Vec::from)
                .collect()
        };
        let start = |path: &[u8], from| if path.starts_with(b"/") { PathId::ROOT } else { from };
        let mut place = start(path, directory);
        let mut left: VecDeque<Vec<u8>> = parts(path).into();
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            match part.as_slice() {
                b"." => continue,
                b".." => {
                    place = paths.parent(place).unwrap_or(PathId::ROOT);
                    continue;
                }
                _ => {}
            }
            let next = paths.child(place, &part)?;
            let found = self.at(next).and_then(|id| self.image.entry(id));
            if let Some(Kind::Symlink(target)) = found.map(|entry| &entry.kind) {
                links += 1;
                if links > MOST_LINKS {
                    return None;
                }
                place = start(target, place);
                parts(target).into_iter().rev().for_each(|part| left.push_front(part));
            } else {
                place = next;
            }
        }
        self.at(place).map(|id| self.content(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    #[test]
    fn links_are_followed_to_the_content() {
        let mut sample = Sample::new();
        let shell = sample.file("usr/bin/dash", 10);
        sample.link("bin", "usr/bin");
        sample.link("usr/bin/sh", "dash");
        sample.link("usr/bin/up", "../../bin/./sh");
        sample.link("usr/bin/loop", "loop");
        sample.link("usr/bin/gone", "/nowhere");
        let hard = sample.hard_link("usr/bin/other", shell);
        let image = sample.measurement();
        let live = Live::new(&image);
        for path in ["bin/sh", "/usr/bin/up", "bin/other"] {
            assert_eq!(live.resolve(path.as_bytes()), Some(shell), "{path}");
        }
        for path in ["bin/loop", "bin/gone", "bin/none", "usr/bin/gone/x"] {
            assert_eq!(live.resolve(path.as_bytes()), None, "{path}");
        }
        assert_eq!(live.names(shell), [shell, hard]);
    }
}
