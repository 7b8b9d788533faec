//! Where things lie in the tool directory (design, section 3).

use std::path::{Path, PathBuf};

use lightship_model::name::ToolName;

use super::disk as fs;
use super::volume::is_ours;
use crate::error::{LoaderError, Result};
use crate::python;

/// A tool directory and the paths in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolDir {
    root: PathBuf,
    /// Where state file and audit trail are, if not in the root.
    records: Option<PathBuf>,
    /// Other roots, whose tools count as installed, too.
    others: Vec<Other>,
    /// The local directory that it lies in: whoever owns that owns the tools.
    local: Option<PathBuf>,
}

/// Another root, as far as its tools are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Other {
    store: PathBuf,
    local: Option<PathBuf>,
}

impl ToolDir {
    /// The paths of the directory at `root`, which need not exist.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), records: None, others: Vec::new(), local: None }
    }

    /// The paths of the directory at `root` in the local directory `local`. Anybody may have made
    /// that one: what is in it counts only while it is this user's own.
    pub(crate) fn in_local(root: &Path, local: &Path) -> Self {
        Self { local: Some(local.to_owned()), ..Self::at(root) }
    }

    /// Whether what is in it may be used.
    pub(crate) fn is_trusted(&self) -> bool {
        self.local.as_deref().is_none_or(is_ours)
    }

    /// Makes the directory at `root` with everything in it.
    pub(crate) fn make(root: &Path) -> Result<Self> {
        let fail =
            |what| move |source| LoaderError::Directory { path: root.to_owned(), what, source };
        // Absolute and without links: the path goes into what builders make, and into keys.
        fs::create_dir_all(root).map_err(fail("it can't be made"))?;
        let dir = Self::at(&fs::canonicalize(root).map_err(fail("it can't be read"))?);
        for sub in [dir.bin(), dir.python(), dir.store(), dir.receipts(), dir.stage(), dir.logs()] {
            fs::create_dir_all(sub).map_err(fail("its directories can't be made"))?;
        }
        python::write_hook(&dir.python()).map_err(fail("its Python hook can't be written"))?;
        Ok(dir)
    }

    /// The same directory, with its state file and its audit trail in `folder`.
    pub(crate) fn with_records_in(self, folder: &Path) -> Self {
        Self { records: Some(folder.to_owned()), ..self }
    }

    /// The same directory, beside `others` and what those are beside, in which tools may be as
    /// well.
    pub(crate) fn beside<'a>(self, others: impl IntoIterator<Item = &'a Self>) -> Self {
        let seen = |dir: &Self| {
            let own = Other { store: dir.store(), local: dir.local.clone() };
            std::iter::once(own).chain(dir.others.clone())
        };
        Self { others: others.into_iter().flat_map(seen).collect(), ..self }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where state file and audit trail are.
    pub(crate) fn records(&self) -> &Path {
        self.records.as_deref().unwrap_or(&self.root)
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// What `PYTHONPATH` names: the hook, and links to libraries by Python version.
    pub(crate) fn python(&self) -> PathBuf {
        self.root.join("python")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.records().join("loader-state.json")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.records().join("audit.jsonl")
    }

    /// What the newest line of the audit trail was.
    pub(crate) fn audit_head(&self) -> PathBuf {
        // One trail has one head: also where it was written while tools could not live there.
        self.records().join("v1/audit.head")
    }

    pub(crate) fn v1(&self) -> PathBuf {
        self.root.join("v1")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.v1().join("store")
    }

    pub(crate) fn receipts(&self) -> PathBuf {
        self.v1().join("receipts")
    }

    pub(crate) fn stage(&self) -> PathBuf {
        self.v1().join("stage")
    }

    /// Downloads that are not whole yet; they outlive attempts and loaders.
    pub(crate) fn parts(&self) -> PathBuf {
        self.v1().join("parts")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.v1().join("logs")
    }

    pub(crate) fn log(&self, tool: &ToolName) -> PathBuf {
        self.logs().join(format!("{tool}.log"))
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.v1().join("lock")
    }

    /// What keeps others out where no lock does.
    pub(crate) fn lease(&self) -> PathBuf {
        self.v1().join("lease.json")
    }

    /// What is remembered of the machine's Python between starts.
    pub(crate) fn python_probe(&self) -> PathBuf {
        self.v1().join("python.json")
    }

    /// The same as a link in `bin/` has it: relative, unless it is in another root.
    pub(crate) fn seen_from_bin(&self, slug: &str) -> PathBuf {
        self.shown(slug, "../v1/store")
    }

    /// The same as a link in a folder of `python/` has it.
    pub(crate) fn seen_from_python(&self, slug: &str) -> PathBuf {
        self.shown(slug, "../../v1/store")
    }

    fn shown(&self, slug: &str, store: &str) -> PathBuf {
        if self.owns(slug) { Path::new(store).join(slug) } else { self.prefix(slug) }
    }

    /// Whether the tool of that name in the store, if it is anywhere, is in this root.
    pub(crate) fn owns(&self, slug: &str) -> bool {
        self.prefix(slug).starts_with(&self.root)
    }

    /// Where the tool of that name in the store is: its key names the store, so that no other
    /// root has a tool of that name.
    pub(crate) fn prefix(&self, slug: &str) -> PathBuf {
        let own = self.store().join(slug);
        if own.is_dir() {
            return own;
        }
        let elsewhere = self.others.iter().find_map(|other| {
            let path = other.store.join(slug);
            let trusted = || other.local.as_deref().is_none_or(is_ours);
            (path.is_dir() && trusted()).then_some(path)
        });
        elsewhere.unwrap_or(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_directory_is_beside_of_counts_for_one_that_is_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let [volume, baked, local] = ["volume", "baked", "local"].map(|name| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.join("v1/store")).unwrap();
            ToolDir::at(&path)
        });
        let base = baked.store().join("base-1-0123");
        std::fs::create_dir(&base).unwrap();
        // A tool that does not fit on the volume requires one of the image.
        let local = local.beside([&volume.beside([&baked])]);
        assert_eq!(local.prefix("base-1-0123"), base);
        assert_eq!(local.prefix("new-1-0123"), local.store().join("new-1-0123"));
    }

    #[test]
    fn a_local_directory_that_somebody_else_made_holds_nothing() {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let root = tempfile::tempdir().unwrap();
        let local = root.path().join("local");
        let theirs = local.join("tools/v1/store/x-1-0123");
        std::fs::create_dir_all(&theirs).unwrap();
        std::fs::create_dir_all(local.join("tools/v1/receipts")).unwrap();
        std::fs::write(local.join("tools/v1/receipts/x-1-0123.json"), "{}").unwrap();
        let tools = ToolDir::in_local(&local.join("tools"), &local);
        let dir = ToolDir::at(&root.path().join("volume")).beside([&tools]);
        let unreadable = |dir| super::super::receipts::read_all(dir).unwrap().unreadable.len();
        assert_eq!((dir.prefix("x-1-0123"), unreadable(&tools)), (theirs, 1));
        let all = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&local, all).unwrap();
        assert_eq!((dir.prefix("x-1-0123"), unreadable(&tools)), (dir.store().join("x-1-0123"), 0));
        std::fs::set_permissions(&local, std::fs::Permissions::from_mode(0o755)).unwrap();
        if chown(&local, Some(4711), None).is_ok() {
            assert_eq!(dir.prefix("x-1-0123"), dir.store().join("x-1-0123"));
            assert_eq!(unreadable(&tools), 0);
        }
    }

    #[test]
    fn a_trail_has_the_same_head_whether_or_not_tools_live_beside_it() {
        let (volume, local) = (ToolDir::at(Path::new("/v")), ToolDir::at(Path::new("/l")));
        let elsewhere = local.with_records_in(volume.root());
        assert_eq!(elsewhere.audit(), volume.audit());
        assert_eq!(elsewhere.audit_head(), volume.audit_head());
    }
}
