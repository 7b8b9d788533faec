//! What is saved when some entries of an image go.

use crate::live::Live;
use crate::measure::{EntryId, Kind, Sizes};

/// Entries that go: by id, whether they do.
#[derive(Clone, Debug)]
pub(super) struct Going(Vec<bool>);

impl Going {
    pub(super) fn new(live: &Live<'_>) -> Self {
        Self(vec![false; live.image.entries.len()])
    }

    pub(super) fn add(&mut self, id: EntryId) {
        if let Some(going) = self.0.get_mut(id.0 as usize) {
            *going = true;
        }
    }

    pub(super) fn has(&self, id: EntryId) -> bool {
        self.0.get(id.0 as usize).copied().unwrap_or(false)
    }

    /// Whether a content goes: all its names do.
    pub(super) fn has_content(&self, live: &Live<'_>, id: EntryId) -> bool {
        let names = live.names(id);
        if names.is_empty() { self.has(id) } else { names.iter().all(|name| self.has(*name)) }
    }

    /// What is saved by one entry: a content only when it has no name left.
    pub(super) fn saved_by(&self, live: &Live<'_>, id: EntryId) -> Sizes {
        let Some(entry) = live.image.entry(id).filter(|entry| entry.is_live()) else {
            return Sizes::default();
        };
        let goes = match entry.kind {
            Kind::File => self.has_content(live, id),
            _ => self.has(id),
        };
        if goes { entry.sizes } else { Sizes::default() }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = EntryId> {
        (0..).map(EntryId).zip(&self.0).filter(|(_, going)| **going).map(|(id, _)| id)
    }
}
