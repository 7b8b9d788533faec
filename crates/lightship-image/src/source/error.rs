//! Why an image can't be read.

use std::io;

use crate::registry::{ReferenceError, RegistryError};
use crate::tar::read::TarError;

/// Why an image can't be read. All of it is the input's fault, or the disk's.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("can't open `{path}`")]
    Open { path: String, source: io::Error },
    #[error("can't read {what}")]
    Read { what: String, source: io::Error },
    #[error("`{path}` is no image, but {found}")]
    Unknown { path: String, found: &'static str },
    #[error("`{path}` is an empty directory, and no image")]
    Empty { path: String },
    #[error("{what} is missing")]
    Missing { what: String },
    #[error("{what} is wrong: {why}")]
    Wrong { what: String, why: String },
    #[error("{what} is not what its digest says: {wanted} is wanted, and {found} was read")]
    Digest { what: String, wanted: String, found: String },
    #[error(
        "{what} has not the size that is written: {wanted} bytes are wanted, {found} were read"
    )]
    Size { what: String, wanted: u64, found: u64 },
    #[error("{what} can't be read as a tar")]
    Tar { what: String, source: TarError },
    #[error("layer {digest} is a foreign one: its bytes are not part of the image")]
    Foreign { digest: String },
    #[error("there is no image for {wanted} in it")]
    Platform { wanted: String, there: Vec<String> },
    #[error("there are several images in it")]
    Several { there: Vec<String> },
    #[error("there is no image called `{tag}` in it")]
    Tag { tag: String, there: Vec<String> },
    #[error("the image has more than {limit} {what}")]
    TooMuch { what: &'static str, limit: usize },
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("there is no file `{name}`, nor an image of that name in a registry")]
    Nowhere { name: String, source: Box<RegistryError> },
}

impl SourceError {
    /// Gives an [`io::Error`] what was read.
    pub(crate) fn read(what: &str) -> impl FnOnce(io::Error) -> Self + use<> {
        let what = what.to_owned();
        move |source| Self::Read { what, source }
    }

    /// What to do next, where that is not plain from the error.
    pub fn help(&self) -> Option<String> {
        let list = |there: &[String]| match there {
            [] => "none".to_owned(),
            there => there.join(", "),
        };
        match self {
            Self::Unknown { .. } | Self::Empty { .. } => Some(
                "an OCI layout, an archive of one, what `docker save` or `podman save` wrote, an \
                 unpacked root, a tar of one, or registry:HOST/NAME:TAG is taken"
                    .to_owned(),
            ),
            Self::Digest { .. } | Self::Size { .. } | Self::Missing { .. } => Some(
                "the image is damaged or was not copied whole: fetch or save it again".to_owned(),
            ),
            Self::Foreign { .. } => {
                Some("have it saved with its foreign layers, then measure that".to_owned())
            }
            Self::Platform { there, .. } => {
                Some(format!("choose with --platform; there are: {}", list(there)))
            }
            Self::Several { there } => {
                Some(format!("choose with IMAGE#NAME; there are: {}", list(there)))
            }
            Self::Registry(error) => error.help(),
            Self::Nowhere { .. } => Some(
                "write registry:HOST/NAME:TAG for an image in a registry, ./NAME for a file"
                    .to_owned(),
            ),
            Self::Tag { there, .. } => Some(format!("there are: {}", list(there))),
            _ => None,
        }
    }
}
