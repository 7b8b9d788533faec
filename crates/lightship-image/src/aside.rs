//! Writing a file aside until it is whole: a reader, or a crash, sees the old one or the new.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(crate) use lightship_loader::files::{is_aside, replace, sync_dir};

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Aside {
    file: File,
    beside: PathBuf,
    path: PathBuf,
    done: bool,
}

impl Aside {
    /// Begins the file that is to stand at `path`.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let beside = lightship_loader::files::beside(path);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&beside)?;
        Ok(Self { file, beside, path: path.to_owned(), done: false })
    }

    /// To copy into, which the system does faster file to file.
    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Makes what was written durable, and visible under its name.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.beside, &self.path)?;
        self.done = true;
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_dir(parent.unwrap_or(Path::new(".")))
    }
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.done {
            // It is rubbish either way.
            drop(fs::remove_file(&self.beside));
        }
    }
}
