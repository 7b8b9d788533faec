//! What can go wrong with the tool directory as a whole.

use std::io;
use std::path::{Path, PathBuf};

use lightship_model::exit;

/// The loader can't do its work.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    #[error("the tool directory `{path}` can't be used: {what}")]
    Directory { path: PathBuf, what: &'static str, source: io::Error },
    #[error("another loader ({holder}) is at work in `{path}`")]
    Busy { path: PathBuf, holder: String },
    #[error("the tool directory `{path}` can't be used")]
    Unusable { path: PathBuf, source: io::Error },
    #[error("can't {what} `{path}`")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
}

impl LoaderError {
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), source }
    }

    /// The code that a process ends with for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Directory { .. } | Self::Unusable { .. } => exit::CANT_CREATE,
            Self::Busy { .. } => exit::UNAVAILABLE,
            Self::Io { .. } => exit::INTERNAL,
        }
    }

    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Directory { .. } | Self::Unusable { .. } => {
                "name a directory that you can write with --tool-dir DIR or LOA_TOOL_DIR; in a \
                 container, mount a volume there"
            }
            Self::Busy { .. } => {
                "try again when it has ended: `lightship tools status` shows its tools"
            }
            Self::Io { .. } => "look whether the volume is mounted, writable and not full",
        }
    }
}

/// The result of an operation on the tool directory.
pub(crate) type Result<T, E = LoaderError> = std::result::Result<T, E>;
