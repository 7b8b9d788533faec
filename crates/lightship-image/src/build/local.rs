//! Files of the building machine: those that the manifest names, and lightship's own parts. They
//! are taken into the cache, so that what was looked at is what is packed.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lightship_model::manifest::Text;

use super::BuildError;
use super::cache::Cache;
use super::packages::unpacked::elf_of;
use super::spec::{From, Spec};
use super::tree::Content;
use crate::elf::Elf;

/// A larger file is none that belongs in an image, in bytes.
const MOST: u64 = 8 << 30;

/// Where lightship's parts are, where they are not beside it.
const RUNTIME_DIR: &str = "LIGHTSHIP_RUNTIME_DIR";

/// Lightship's parts, and where they go.
const PARTS: [(&str, &str); 2] = [
    ("lightship-init", "/usr/bin/lightship-init"),
    ("lightship-loader", "/usr/bin/lightship-loader"),
];

/// A file that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Its path in the image.
    pub to: String,
    pub content: Content,
    pub executable: bool,
    pub elf: Option<Elf>,
    /// The manifest names it; otherwise it is lightship's.
    pub named: bool,
}

/// Takes in what `spec` wants; `texts` are those of the manifest in `manifest`, lowest first.
///
/// # Errors
/// When a file can't be read, or lightship's own parts are not to be found.
pub fn take_in(
    spec: &Spec,
    manifest: &Path,
    texts: &[Text],
    cache: &Cache,
) -> Result<Vec<Local>, BuildError> {
    let mut found = Vec::new();
    for file in &spec.files {
        if let From::Path(path) = &file.from {
            found.push(local(path, &file.to, true, cache)?);
        }
    }
    if spec.runtime {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let own = std::env::current_exe().ok();
        let folders = folders(var(RUNTIME_DIR).map(PathBuf::from), own.as_deref());
        for (name, to) in PARTS {
            let path = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
            let path = path.ok_or_else(|| missing(name, &folders))?;
            found.push(Local { executable: true, ..local(&path, to, false, cache)? });
        }
        for (path, to) in manifests(manifest, texts)? {
            found.push(Local { executable: false, ..local(&path, &to, false, cache)? });
        }
    }
    Ok(found)
}

fn local(path: &Path, to: &str, named: bool, cache: &Cache) -> Result<Local, BuildError> {
    let read = || {
        let mut file = File::open(path)?;
        // Only whether it can be executed is asked of the machine: a umask is its own affair.
        let executable = file.metadata()?.permissions().mode() & 0o100 != 0;
        let content = cache.take_in(&mut file, MOST)?;
        let elf = elf_of(&content)?;
        Ok(Local { to: to.to_owned(), content, executable, elf, named })
    };
    read().map_err(BuildError::io("read", path))
}

/// Where lightship's parts may be, best first.
fn folders(named: Option<PathBuf>, own: Option<&Path>) -> Vec<PathBuf> {
    let beside = own.and_then(Path::parent).map(Path::to_owned);
    // Where `./dist` puts what goes into containers, seen from a build's directory.
    let dist = beside.as_ref().map(|folder| folder.join("../dist"));
    named.map_or_else(|| dist.into_iter().chain(beside).collect(), |named| vec![named])
}

fn missing(name: &str, folders: &[PathBuf]) -> BuildError {
    let places: Vec<String> =
        folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
    BuildError::Input(format!(
        "`{name}` is not in {}: build it (./dist makes lightship-init), or name its directory in \
         {RUNTIME_DIR}",
        places.join(" or ")
    ))
}

/// The manifest and what it extends, which it names relative to itself, and its lock: each with
/// its place in the image.
pub(super) fn manifests(
    manifest: &Path,
    texts: &[Text],
) -> Result<Vec<(PathBuf, String)>, BuildError> {
    let mut found = Vec::new();
    let folder = manifest.parent().unwrap_or(Path::new("/"));
    for text in texts.iter().filter(|text| !text.name.starts_with("builtin:")) {
        let path = Path::new(&text.name);
        if path == manifest {
            found.push((path.to_owned(), "/etc/lightship.toml".to_owned()));
            continue;
        }
        let relative = path.strip_prefix(folder).ok().and_then(Path::to_str);
        let relative = relative.filter(|relative| !relative.split('/').any(|part| part == ".."));
        let relative = relative.ok_or_else(|| BuildError::Path {
            path: text.name.trim_start_matches('/').to_owned(),
            why: "the manifest extends it, so it has to lie beside or below the manifest to be \
                  found in the image, too"
                .to_owned(),
        })?;
        found.push((path.to_owned(), format!("/etc/{relative}")));
    }
    let lock = manifest.with_extension("lock");
    if lock.is_file() {
        found.push((lock, "/etc/lightship.lock".to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_extended_lies_in_the_image_as_it_does_here() {
        let texts = ["/m/sub/base.toml", "builtin:loa", "/m/core.toml", "/m/own.toml"]
            .map(|name| Text::new(name, ""));
        let found = manifests(Path::new("/m/own.toml"), &texts).unwrap();
        let places: Vec<&str> = found.iter().map(|(_, to)| to.as_str()).collect();
        assert_eq!(places, ["/etc/sub/base.toml", "/etc/core.toml", "/etc/lightship.toml"]);
        let texts = [Text::new("/elsewhere/x.toml", "")];
        assert!(manifests(Path::new("/m/own.toml"), &texts).is_err());
        let texts = [Text::new("/m/../x.toml", "")];
        assert!(manifests(Path::new("/m/own.toml"), &texts).is_err());
    }

    #[test]
    fn a_directory_that_is_named_is_the_only_one_that_counts() {
        let own = Some(Path::new("/b/lightship"));
        assert_eq!(folders(Some("/x".into()), own), [PathBuf::from("/x")]);
        assert_eq!(folders(None, own), [PathBuf::from("/b/../dist"), PathBuf::from("/b")]);
    }
}
