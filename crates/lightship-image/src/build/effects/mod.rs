//! What maintainer scripts would have done. None is run: each that is known has been read, and
//! what it does on a new root is done here; one that is not known stops the build.

mod certificates;
mod table;

use lightship_model::digest::Digest;

pub use self::certificates::bundle;
pub use self::table::{Copy, Directory, Effect};
use super::BuildError;
use super::cache::Cache;
use super::packages::{Package, Packages};
use super::slice::Selection;
use super::spec::Spec;

/// What is to be done for the packages of `selection`, in their order.
///
/// # Errors
/// When a script of one is not known and not ignored.
pub fn of<'a>(
    spec: &Spec,
    packages: &'a Packages,
    selection: &Selection,
    cache: &Cache,
) -> Result<Vec<(&'a str, &'static Effect)>, BuildError> {
    let mut effects = Vec::new();
    let mut unknown = Vec::new();
    for name in &selection.packages {
        let Some((name, package)) = packages.get_key_value(name) else { continue };
        let ignored = spec.ignored_scripts.contains(name);
        let mut named = Vec::new();
        for script in &package.scripts {
            match table::script(name, &script.name, &script.sha256) {
                Some(known) => named.extend(known),
                None if ignored => {}
                None => unknown.push(shown(name, package, &script.name, &script.sha256, cache)),
            }
        }
        named.sort_unstable();
        named.dedup();
        effects.extend(named.iter().filter_map(|word| Some((name.as_str(), table::effect(word)?))));
    }
    if unknown.is_empty() { Ok(effects) } else { Err(BuildError::Scripts(unknown)) }
}

fn shown(name: &str, package: &Package, script: &str, sha256: &Digest, cache: &Cache) -> String {
    let version = package.field("Version").unwrap_or_default();
    let path = cache.script_path(sha256);
    format!("  {name} {version}: {script}, sha256 {sha256}: {}", path.display())
}
