//! What a container of a measured image sees: paths, links followed, and names of files.

use std::collections::HashMap;

use crate::measure::{EntryId, Kind, Measurement, PathId, View};

/// The live part of an image, to be looked up.
#[derive(Debug)]
pub struct Live<'a> {
    pub image: &'a Measurement,
    view: View<'a>,
    /// Entries by the content that they are names of.
    names: HashMap<EntryId, Vec<EntryId>>,
}

impl<'a> Live<'a> {
    pub fn new(image: &'a Measurement) -> Self {
        let mut names: HashMap<EntryId, Vec<EntryId>> = HashMap::new();
        for (id, entry, path) in image.live() {
            match entry.kind {
                // A content that outlived its own path is named by the links to it alone.
                Kind::File if entry.path == path => names.entry(id).or_default().push(id),
                Kind::HardLink(content) => names.entry(content).or_default().push(id),
                _ => {}
            }
        }
        Self { image, view: View::new(image), names }
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
        self.view.content(self.view.resolve(path, true)?)
    }

    /// What a symbolic link leads to.
    pub fn target(&self, link: EntryId) -> Option<EntryId> {
        let entry = self.image.entry(link)?;
        let Kind::Symlink(target) = &entry.kind else { return None };
        let directory = self.image.paths.parent(entry.live_at()?).unwrap_or(PathId::ROOT);
        self.view.content(self.view.resolve_from(directory, target, true)?)
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
