//! Why a registry could not be used.

use std::io;

use crate::oci::BlobDigest;
use crate::oci::layout::LayoutError;

#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("can't {action}: no answer from `{url}`")]
    NoAnswer {
        action: String,
        url: String,
        #[source]
        source: Box<ureq::Error>,
    },
    #[error("can't {action}: `{url}` answers {status}{detail}")]
    Refused {
        action: String,
        url: String,
        status: u16,
        /// What the registry says, with a colon in front; nothing where it says nothing.
        detail: String,
    },
    #[error(
        "can't {action}: `{host}` does not let us in ({status}{detail}); credentials come from \
         `~/.docker/config.json` or the file that REGISTRY_AUTH_FILE names, where `docker login` \
         and `podman login` put them"
    )]
    Denied { action: String, host: String, status: u16, detail: String },
    #[error("can't read the credentials in `{path}`: {reason}")]
    Credentials { path: String, reason: String },
    #[error("{what} has the digest {found}, asked for was {wanted}")]
    Digest { what: String, wanted: BlobDigest, found: BlobDigest },
    #[error("{what} is no document that can be used: {reason}")]
    Document { what: String, reason: String },
    #[error("`{name}` is not in the layout: {known}")]
    NoImage { name: String, known: String },
    #[error("can't read {what}")]
    Read {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

impl RegistryError {
    /// What to do next, where that is not plain from the error.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoAnswer { url, .. } if url.starts_with("https:") => {
                Some("a registry without TLS needs --insecure".to_owned())
            }
            Self::Refused { status: 404, .. } => Some(
                "look at the name and the tag; some registries also say so to who may not see it"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
