//! Which programs no longer run.

use std::collections::VecDeque;

use super::Broken;
use super::files::Files;
use super::weight::Going;
use crate::live::Live;
use crate::measure::{Entry, EntryId, printable};

/// Programs that stay and miss a library or an interpreter, themselves or through one that they
/// load.
pub(super) fn broken(live: &Live<'_>, files: &Files, going: &Going) -> Vec<Broken> {
    let image = live.image;
    let is_gone: Vec<bool> = files.ids.iter().map(|id| going.has_content(live, *id)).collect();
    let users = files.graph.reversed();
    let path = |id: EntryId| {
        let at = image.entry(id).and_then(Entry::live_at);
        at.map_or_else(String::new, |at| format!("/{}", image.paths.text(at)))
    };
    // By node: what is missed, and the node that misses it.
    let mut missing: Vec<Option<(String, usize)>> = vec![None; files.ids.len()];
    let mut next = VecDeque::new();
    for node in (0..files.ids.len()).filter(|node| !is_gone[*node]) {
        if let Some((name, _)) = files.needs[node].iter().find(|(_, to)| is_gone[*to]) {
            missing[node] = Some((name.clone(), node));
            next.push_back(node);
        }
    }
    let mut order: Vec<usize> = next.iter().copied().collect();
    while let Some(node) = next.pop_front() {
        for user in users.needs(node) {
            if !is_gone[user] && missing[user].is_none() {
                let found = missing[node].clone();
                missing[user] = found;
                order.push(user);
                next.push_back(user);
            }
        }
    }
    let row = |node: usize| {
        let (name, by) = missing[node].as_ref()?;
        let id = files.ids[node];
        let owner = image.entry(id).map(|entry| image.owner(entry.owner).name());
        Some(Broken {
            path: path(id),
            misses: printable(name.as_bytes()),
            through: (*by != node).then(|| path(files.ids[*by])),
            owner: printable(owner.unwrap_or_default().as_bytes()),
        })
    };
    order.into_iter().filter_map(row).collect()
}
