//! Layers laid over each other: which entry is at each path, and who dies of whom. Every entry
//! dies once, and nothing dead is looked at again, so the whole costs as much as there are
//! entries, times how deep they lie.

use super::entry::{Entry, EntryId, Fate, How, Kind};
use super::paths::{PathId, Paths};

/// The merged view, as far as layers were applied.
#[derive(Debug, Default)]
pub(super) struct Merge {
    nodes: Vec<Node>,
    /// How many names of the content of an entry live.
    names: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    entry: Option<EntryId>,
    /// Entries at and below the path.
    count: u32,
    /// One more than the layer that last hid all there was below.
    hidden: u32,
}

/// What was odd about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    /// It lies below something that was no directory, which is hidden by it.
    Below(PathId),
    /// It names a target that is not there.
    DanglingLink,
    /// It hides what is not there.
    DanglingWhiteout,
}

/// Who kills.
#[derive(Clone, Copy)]
struct Killer {
    by: u32,
    how: How,
    /// Only entries of layers below its own.
    lower: bool,
}

impl Merge {
    /// The entry at a path.
    pub(super) fn at(&self, path: PathId) -> Option<EntryId> {
        self.nodes.get(path.0 as usize)?.entry
    }

    /// What a hard link to `target` is another name of; nothing when that is not there.
    pub(super) fn content(&self, entries: &[Entry], target: PathId) -> Option<EntryId> {
        let id = self.at(target)?;
        match entry(entries, id)?.kind {
            Kind::File => Some(id),
            Kind::HardLink(content) => Some(content),
            _ => None,
        }
    }

    /// Lays the entry `id` over all before it.
    pub(super) fn apply(
        &mut self,
        paths: &Paths,
        entries: &mut [Entry],
        id: EntryId,
    ) -> Option<Oddity> {
        self.nodes.resize(paths.len(), Node::default());
        self.names.resize(entries.len(), 0);
        let new = entry(entries, id)?;
        let (path, layer) = (new.path, new.layer);
        let metadata_only = false;
        match new.kind.clone() {
            Kind::Whiteout => {
                let directory = self.at(path).and_then(|id| entry(entries, id));
                let is_directory = directory.is_none_or(|entry| entry.kind == Kind::Directory);
                let how = if is_directory { How::WhiteoutDirectory } else { How::Whiteout };
                let count = self.hide(paths, entries, path, Killer { by: layer, how, lower: true });
                dead(entries, id, layer, How::Marker, metadata_only);
                (count == 0).then_some(Oddity::DanglingWhiteout)
            }
            Kind::Opaque => {
                let killer = Killer { by: layer, how: How::Opaque, lower: true };
                let below: Vec<PathId> = paths.children(path).collect();
                for child in below {
                    self.hide(paths, entries, child, killer);
                }
                dead(entries, id, layer, How::Marker, metadata_only);
                None
            }
            kind => self.place(paths, entries, id, &kind),
        }
    }

    /// Puts an entry that is no marker at its path.
    fn place(
        &mut self,
        paths: &Paths,
        entries: &mut [Entry],
        id: EntryId,
        kind: &Kind,
    ) -> Option<Oddity> {
        let (path, layer) = entry(entries, id).map(|entry| (entry.path, entry.layer))?;
        let killer = Killer { by: layer, how: How::Overwritten, lower: false };
        // A link to itself is the file that is there already.
        if let Kind::HardLink(content) = kind
            && entry(entries, *content).is_some_and(|target| target.path == path)
            && self.at(path) == Some(*content)
        {
            dead(entries, id, layer, How::Marker, false);
            return None;
        }
        let mut oddity = None;
        let mut above = paths.parent(path);
        while let Some(at) = above {
            if let Some(found) = self.at(at)
                && entry(entries, found).is_some_and(|entry| entry.kind != Kind::Directory)
            {
                self.kill(paths, entries, found, killer, None);
                oddity = Some(Oddity::Below(at));
            }
            above = paths.parent(at);
        }
        // First, so that a content survives that its last name but this one is taken from.
        self.add_name(kind, id);
        if let Some(found) = self.at(path) {
            let old_is_directory =
                entry(entries, found).is_some_and(|entry| entry.kind == Kind::Directory);
            self.kill(paths, entries, found, killer, Some(id));
            if old_is_directory && *kind != Kind::Directory {
                self.hide(paths, entries, path, killer);
            }
        } else if *kind != Kind::Directory {
            // A directory that no entry made.
            self.hide(paths, entries, path, killer);
        }
        if let Some(node) = self.nodes.get_mut(path.0 as usize) {
            node.entry = Some(id);
        }
        self.count(paths, path, 1);
        oddity
    }

    fn add_name(&mut self, kind: &Kind, id: EntryId) {
        let content = match kind {
            Kind::HardLink(content) => *content,
            _ => id,
        };
        if let Some(names) = self.names.get_mut(content.0 as usize) {
            *names += 1;
        }
    }

    /// Kills all at and below `path`; how many.
    fn hide(&mut self, paths: &Paths, entries: &mut [Entry], path: PathId, killer: Killer) -> u32 {
        let mut count = 0;
        let mut waiting = vec![path];
        while let Some(at) = waiting.pop() {
            let Some(node) = self.nodes.get_mut(at.0 as usize) else { continue };
            if node.count == 0 || (killer.lower && node.hidden == killer.by + 1) {
                continue;
            }
            if killer.lower {
                node.hidden = killer.by + 1;
            }
            if let Some(found) = node.entry
                && entry(entries, found)
                    .is_some_and(|entry| !killer.lower || entry.layer < killer.by)
            {
                self.kill(paths, entries, found, killer, None);
                count += 1;
            }
            waiting.extend(paths.children(at));
        }
        count
    }

    /// Takes one entry away; `successor` is what comes to its path.
    fn kill(
        &mut self,
        paths: &Paths,
        entries: &mut [Entry],
        id: EntryId,
        killer: Killer,
        successor: Option<EntryId>,
    ) {
        let Some(old) = entry(entries, id) else { return };
        let path = old.path;
        let content = match old.kind {
            Kind::HardLink(content) => content,
            _ => id,
        };
        if let Some(node) = self.nodes.get_mut(path.0 as usize) {
            node.entry = None;
        }
        self.count(paths, path, -1);
        let left = self.names.get_mut(content.0 as usize).map(|names| {
            *names = names.saturating_sub(1);
            *names
        });
        let Killer { by, how, .. } = killer;
        if content != id {
            dead(entries, id, by, how, false);
        }
        if left == Some(0) {
            let digest = |id| entry(entries, id).and_then(|entry| entry.digest);
            let metadata_only = successor
                .is_some_and(|new| digest(new).is_some() && digest(new) == digest(content));
            dead(entries, content, by, how, metadata_only);
        }
    }

    fn count(&mut self, paths: &Paths, path: PathId, by: i32) {
        let mut at = Some(path);
        while let Some(path) = at {
            if let Some(node) = self.nodes.get_mut(path.0 as usize) {
                node.count = node.count.saturating_add_signed(by);
            }
            at = paths.parent(path);
        }
    }

    /// Contents that live only by a hard link get the path of one.
    pub(super) fn settle(&self, entries: &mut [Entry]) {
        let places = self.nodes.iter().filter_map(|node| node.entry);
        let links: Vec<(EntryId, PathId)> = places
            .filter_map(|id| match entry(entries, id) {
                Some(Entry { kind: Kind::HardLink(content), path, .. }) => Some((*content, *path)),
                _ => None,
            })
            .collect();
        for (content, path) in links {
            let own = entry(entries, content).map(|entry| entry.path);
            if own.is_some_and(|own| self.at(own) != Some(content))
                && let Some(entry) = entries.get_mut(content.0 as usize)
                && let Fate::Live { at } = &mut entry.fate
                && *at == entry.path
            {
                *at = path;
            }
        }
    }
}

fn entry(entries: &[Entry], id: EntryId) -> Option<&Entry> {
    entries.get(id.0 as usize)
}

fn dead(entries: &mut [Entry], id: EntryId, by: u32, how: How, metadata_only: bool) {
    if let Some(entry) = entries.get_mut(id.0 as usize) {
        entry.fate = Fate::Dead { by, how, metadata_only };
    }
}
