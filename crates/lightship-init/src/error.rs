//! What keeps lightship from running at all.

use std::io;

use lightship_model::exit;

use crate::address::AddressError;

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("can't listen on `{address}` for health")]
    Listen { address: String, source: io::Error },
    #[error("can't use the address for health")]
    Address(#[source] AddressError),
    #[error("can't use the service's `{key}`")]
    Probe { key: &'static str, source: AddressError },
    #[error("can't {what}")]
    System { what: &'static str, source: io::Error },
}

impl RunError {
    pub(crate) fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::System { what, source }
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Listen { .. } => exit::UNAVAILABLE,
            Self::Address(_) | Self::Probe { .. } => exit::INPUT,
            Self::System { .. } => exit::INTERNAL,
        }
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => Some(
                "another process has the port, perhaps another lightship (`ss -ltnp` shows which): \
                 stop it, or choose another address with --listen HOST:PORT or LOA_LISTEN \
                 (port 0 takes a free one)",
            ),
            Self::Listen { .. } | Self::Address(_) => Some(
                "choose another address with --listen HOST:PORT, LOA_LISTEN, or `listen` under \
                 [health] in the manifest",
            ),
            Self::Probe { .. } => {
                Some("write an IP address or localhost, like `http = \"http://127.0.0.1:8080/\"`")
            }
            Self::System { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_told_with_what_to_do() {
        let source = io::ErrorKind::AddrInUse.into();
        let error = RunError::Listen { address: "127.0.0.1:3000".to_owned(), source };
        assert_eq!(error.code(), 69);
        let screen = crate::screen::text(&error, error.help());
        assert!(screen.starts_with("error: can't listen on `127.0.0.1:3000`"), "{screen}");
        assert!(screen.contains("--listen") && screen.contains("LOA_LISTEN"), "{screen}");
    }
}
