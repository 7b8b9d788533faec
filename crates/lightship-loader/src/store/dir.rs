//! Where things lie in the tool directory (design, section 3).

use std::path::{Path, PathBuf};

use lightship_model::name::ToolName;

use super::disk as fs;
use crate::error::{LoaderError, Result};
use crate::python;

/// A tool directory and the paths in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolDir {
    root: PathBuf,
    /// Where state file and audit trail are, if not in the root.
    records: Option<PathBuf>,
    /// Stores of other roots, whose tools count as installed, too.
    others: Vec<PathBuf>,
}

impl ToolDir {
    /// The paths of the directory at `root`, which need not exist.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), records: None, others: Vec::new() }
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

    /// The same directory, beside `others`, in which tools may be as well.
    pub(crate) fn beside<'a>(self, others: impl IntoIterator<Item = &'a Self>) -> Self {
        Self { others: others.into_iter().map(Self::store).collect(), ..self }
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
        match &self.records {
            Some(folder) => folder.join("audit.head"),
            None => self.v1().join("audit.head"),
        }
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
        let elsewhere = self.others.iter().map(|store| store.join(slug));
        elsewhere.into_iter().find(|path| path.is_dir()).unwrap_or_else(|| self.store().join(slug))
    }
}
