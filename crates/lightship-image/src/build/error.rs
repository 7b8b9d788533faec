//! Why an image is not built.

use std::io;
use std::path::PathBuf;

use lightship_loader::LoaderError;
use lightship_loader::archive::FetchError;
use lightship_model::manifest::ManifestErrors;

/// Why an image is not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Manifest(#[from] ManifestErrors),
    #[error("can't {what} `{path}`")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("the cache can't be used")]
    Loader(#[from] LoaderError),
    #[error("{what}: {source}")]
    Fetch { what: String, source: FetchError },
    #[error("{what} is not what the lock says: {why}")]
    Changed { what: String, why: String },
    #[error("{0}")]
    Input(String),
    #[error("can't read the package `{package}`: {why}")]
    Package { package: String, why: String },
    #[error("{0}")]
    Slice(String),
    #[error("{} of packages are not known, and none is run:\n{}", count(.0), .0.join("\n"))]
    Scripts(Vec<String>),
    #[error("`/{path}`: {why}")]
    Path { path: String, why: String },
    #[error(transparent)]
    Image(#[from] super::image::ImageError),
    #[error("npm: {0}")]
    Npm(String),
}

impl BuildError {
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    /// What the user can do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Loader(error) => Some(error.help().to_owned()),
            Self::Fetch { source, .. } if source.is_gone() => Some(
                "the mirror does not have it any more: take what it has with `--upgrade`, or \
                 name a snapshot of the lock's date in [registries] or LOA_DEBIAN_MIRROR"
                    .to_owned(),
            ),
            Self::Fetch { source, .. } if source.is_changed() => Some(
                "nothing of it was used; if the change is meant, resolve anew with `--upgrade`"
                    .to_owned(),
            ),
            Self::Scripts(_) => Some(
                "read them; if an image can do without, say so in the manifest:\n\n    \
                 [image.scripts]\n    ignore = [\"PACKAGE\"]"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

fn count(list: &[String]) -> String {
    match list.len() {
        1 => "a script".to_owned(),
        many => format!("{many} scripts"),
    }
}
