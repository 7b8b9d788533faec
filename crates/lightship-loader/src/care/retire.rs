//! Tools that the manifest does not want any more. Their programs are published no longer at
//! the next start; their prefixes stay for a while, in case the manifest wants them again.
//! Since when, says `receipts/<slug>.retired`.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use lightship_model::key::Key;
use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;
use lightship_model::receipt::slug;
use lightship_model::time::Timestamp;

use crate::clock::now;
use crate::store::ToolDir;
use crate::store::audit::Act;
use crate::store::disk as fs;
use crate::store::receipts::Receipts;

/// The names of the receipts that a manifest wants.
pub(crate) fn wanted(
    manifest: &Manifest,
    keys: &std::collections::BTreeMap<ToolName, Key>,
) -> BTreeSet<String> {
    let tools = manifest.tools.values();
    tools.filter_map(|tool| Some(slug(&tool.name, &tool.version, keys.get(&tool.name)?))).collect()
}

/// Notes what is not wanted any more, and what is wanted again; `tell` gets the acts. Where
/// that can't be written, nothing is retired, and so nothing ever removed.
pub(crate) fn note(
    dir: &ToolDir,
    receipts: &Receipts,
    wanted: &BTreeSet<String>,
    tell: impl Fn(&Act),
) {
    for slug in receipts.by_slug.keys() {
        let path = path(dir, slug);
        let prefix = slug.clone();
        if wanted.contains(slug) {
            if fs::remove_file(path).is_ok() {
                tell(&Act::Unretire { prefix });
            }
        } else if since(dir, slug).is_none() && mark(dir, slug, now()).is_ok() {
            tell(&Act::Retire { prefix });
        }
    }
}

fn path(dir: &ToolDir, slug: &str) -> PathBuf {
    dir.receipts().join(format!("{slug}.retired"))
}

/// Since when it is not wanted.
pub(crate) fn since(dir: &ToolDir, slug: &str) -> Option<Timestamp> {
    let text = fs::read_to_string(path(dir, slug)).ok()?;
    Timestamp::try_from(text.trim().to_owned()).ok()
}

/// Notes it, unless another loader has done so at the same time. A note that can't be read is
/// made anew.
pub(crate) fn mark(dir: &ToolDir, slug: &str, at: Timestamp) -> io::Result<()> {
    let path = path(dir, slug);
    drop(fs::remove_file(&path));
    fs::write(path, format!("{at}\n"))
}
