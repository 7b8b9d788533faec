//! A start at build time: the service runs once in the image's own root, and the caches that it
//! fills come into the image, so that no container has to fill them again.
//!
//! It sees no network but a loopback of its own, no process of this machine, and the image's
//! environment alone. What it writes elsewhere than in the directories that are kept is thrown
//! away. It takes root.

mod kept;
mod probe;
mod run;

use std::fs;
use std::path::Path;

use lightship_model::digest::Digest;

pub use self::kept::Kept;
use super::BuildError;
use super::accounts::Accounts;
use super::cache::Cache;
use super::room::{Room, only_root};
use super::spec::{Start, Warm};
use super::tree::{Kind, Owner, Stratum, Tree};

/// The word for what was kept, in the cache.
const KIND: &str = "warm1";

/// What is started in what.
#[derive(Debug)]
pub struct Order<'a> {
    pub warm: &'a Warm,
    pub start: &'a Start,
    /// The image without the caches.
    pub tree: &'a Tree,
    pub cache: &'a Cache,
}

/// Fills the caches, or finds them filled; `told` hears lines of what goes on.
///
/// # Errors
/// When this is not root, the command does not become ready, or it leaves nothing to keep.
pub fn fill(order: &Order<'_>, told: &dyn Fn(&str)) -> Result<Kept, BuildError> {
    let key = key(order);
    if let Some(kept) = order.cache.index::<Kept>(KIND, &key)
        && kept.is_here(order.cache)
    {
        return Ok(kept);
    }
    only_root("`[image.warm]`")?;
    let place = Room::make(order.tree, order.cache)?;
    let root = place.root();
    let user = order.start.user.as_deref().unwrap_or("0:0");
    let accounts = accounts(&root);
    let ids = accounts.ids(user).map_err(|why| BuildError::Input(format!("`user`: {why}")))?;
    let began = std::time::Instant::now();
    told(&format!("starting {}", order.warm.command.join(" ")));
    run::run(order, &place, ids, &accounts.home(ids.0))?;
    let kept = Kept::of(&root, &order.warm.keep, order.tree, order.cache)?;
    let (files, bytes) = kept.count();
    let seconds = began.elapsed().as_secs();
    told(&format!("kept {files} files of {bytes} bytes, after {seconds} s"));
    order.cache.note(KIND, &key, &kept)?;
    Ok(kept)
}

fn accounts(root: &Path) -> Accounts {
    // An image without accounts has numbers alone.
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
    Accounts { passwd: read("etc/passwd"), group: read("etc/group") }
}

/// A digest of all that the caches depend on: what is started, and the root it is started in, but
/// for lightship's own files, which it has no part in.
fn key(order: &Order<'_>) -> Digest {
    let Order { warm, start, tree, .. } = order;
    let mut text = format!("{warm:?}\n{:?}\n{:?}\n{:?}\n", start.env, start.user, start.workdir);
    for (path, node) in &tree.0 {
        let own = (&node.owner, node.stratum) == (&Owner::Base, Stratum::Config);
        let (kind, what) = match &node.kind {
            Kind::File(_) if own => continue,
            Kind::File(content) => ('f', content.digest.as_str()),
            Kind::Symlink(target) => ('l', target.as_str()),
            Kind::Directory => ('d', ""),
        };
        let line = format!("{path}\0{kind}{:o} {} {} {what}\n", node.mode, node.uid, node.gid);
        text.push_str(&line);
    }
    Digest::of(text.as_bytes())
}

#[cfg(test)]
mod tests;
