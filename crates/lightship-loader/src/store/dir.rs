//! Where things lie in the tool directory (design, section 3).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lightship_model::name::ToolName;

use crate::error::{LoaderError, Result};
use crate::python;

/// A tool directory and the paths in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolDir(PathBuf);

impl ToolDir {
    /// The paths of the directory at `root`, which need not exist.
    pub(crate) fn at(root: &Path) -> Self {
        Self(root.to_owned())
    }

    /// Makes the directory with everything in it, and finds out whether it can hold a store:
    /// files, renames and symbolic links.
    pub(crate) fn prepare(root: &Path) -> Result<Self> {
        let fail =
            |what| move |source| LoaderError::Directory { path: root.to_owned(), what, source };
        // Absolute and without links: the path goes into what builders make, and into keys.
        fs::create_dir_all(root).map_err(fail("it can't be made"))?;
        let dir = Self(fs::canonicalize(root).map_err(fail("it can't be read"))?);
        for sub in [dir.bin(), dir.python(), dir.store(), dir.receipts(), dir.stage(), dir.logs()] {
            fs::create_dir_all(sub).map_err(fail("its directories can't be made"))?;
        }
        // Once more if it failed: another loader, which has the lock, may be sweeping the stage.
        dir.probe()
            .or_else(|_| dir.probe())
            .map_err(fail("it takes no files, renames or symbolic links"))?;
        python::write_hook(&dir.python()).map_err(fail("its Python hook can't be written"))?;
        Ok(dir)
    }

    fn probe(&self) -> io::Result<()> {
        let base = self.stage().join(format!(".probe-{}", std::process::id()));
        let (file, renamed, link) =
            (base.with_extension("a"), base.with_extension("b"), base.with_extension("c"));
        fs::write(&file, b"probe")?;
        fs::rename(&file, &renamed)?;
        drop(fs::remove_file(&link));
        std::os::unix::fs::symlink(&renamed, &link)?;
        fs::remove_file(&link)?;
        fs::remove_file(&renamed)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// What `PYTHONPATH` names: the hook, and links to libraries by Python version.
    pub(crate) fn python(&self) -> PathBuf {
        self.0.join("python")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("loader-state.json")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.0.join("audit.jsonl")
    }

    pub(crate) fn v1(&self) -> PathBuf {
        self.0.join("v1")
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

    /// What is remembered of the machine's Python between starts.
    pub(crate) fn python_probe(&self) -> PathBuf {
        self.v1().join("python.json")
    }

    pub(crate) fn prefix(&self, slug: &str) -> PathBuf {
        self.store().join(slug)
    }
}
