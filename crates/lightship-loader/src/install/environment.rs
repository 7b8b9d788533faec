//! What an installer may see of the environment: an allow-list, and a home of its own.
//!
//! The service's secrets are in the same container's environment. Nothing reaches an installer
//! that is not named here: not by prefix, not by pattern.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lightship_model::manifest::Registries;

/// Language, time zone, proxies, certificates, and the clients' own settings of where their
/// registries are. No tokens: clients keep those in files.
const ALLOWED: [&str; 50] = [
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "SOURCE_DATE_EPOCH",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "CARGO_HTTP_PROXY",
    "CARGO_HTTP_TIMEOUT",
    "CARGO_HTTP_MULTIPLEXING",
    "CARGO_NET_RETRY",
    "CARGO_NET_OFFLINE",
    "CARGO_BUILD_JOBS",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "PIP_CERT",
    "PIP_PROXY",
    "PIP_TRUSTED_HOST",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_RETRIES",
    "PIP_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_HTTP_TIMEOUT",
    "UV_CONCURRENT_DOWNLOADS",
    "NPM_CONFIG_REGISTRY",
    "NPM_CONFIG_USERCONFIG",
    "NPM_CONFIG_GLOBALCONFIG",
    "NPM_CONFIG_CAFILE",
];

/// The environment of every child process of one run, and what it was made from.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    vars: BTreeMap<OsString, OsString>,
    /// The search path, without lightship's own folders.
    pub(crate) path: String,
    pub(crate) registries: Registries,
}

impl Environment {
    /// Takes what is allowed out of this process's environment, and the folders `own`, where
    /// tools and shims are, off the search path.
    pub(crate) fn from_process(own: &[PathBuf], registries: Registries) -> Self {
        let mut vars: BTreeMap<OsString, OsString> = ALLOWED
            .iter()
            .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
            .collect();
        if let Some(home) = user_home() {
            // HOME will be the stage, which would hide these files of the user's.
            for (name, file) in [
                ("RUSTUP_HOME", ".rustup"),
                ("NPM_CONFIG_USERCONFIG", ".npmrc"),
                ("PIP_CONFIG_FILE", ".pip/pip.conf"),
                ("PIP_CONFIG_FILE", ".config/pip/pip.conf"),
            ] {
                let path = home.join(file);
                if std::env::var_os(name).is_none() && path.exists() {
                    vars.insert(name.into(), path.into());
                }
            }
        }
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
        let others =
            |folder: &&str| !folder.is_empty() && !own.iter().any(|own| own == Path::new(folder));
        let path = path.split(':').filter(others).collect::<Vec<_>>().join(":");
        Self { vars, path, registries }
    }

    /// The variables of a child whose home is `home`, with `bins` before the search path.
    pub(crate) fn for_child(&self, home: &Path, bins: &[PathBuf]) -> BTreeMap<OsString, OsString> {
        let mut vars = self.vars.clone();
        let mut path = OsString::new();
        for folder in bins {
            path.push(folder);
            path.push(":");
        }
        path.push(&self.path);
        vars.insert("PATH".into(), path);
        vars.insert("HOME".into(), home.into());
        vars.insert("TMPDIR".into(), home.join("tmp").into());
        vars.insert("TERM".into(), "dumb".into());
        vars.insert("NO_COLOR".into(), "1".into());
        vars
    }

    pub(crate) fn var(&self, name: &str) -> Option<String> {
        self.vars.get(std::ffi::OsStr::new(name))?.to_str().map(str::to_owned)
    }
}

/// The home directory of whoever started lightship.
pub(crate) fn user_home() -> Option<PathBuf> {
    std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_allowed_name_could_carry_a_secret_of_the_service() {
        for name in ALLOWED {
            let lower = name.to_ascii_lowercase();
            for word in ["token", "secret", "password", "key", "auth"] {
                assert!(!lower.contains(word), "{name}");
            }
        }
    }

    #[test]
    fn a_child_sees_its_own_home_and_its_requirements_first() {
        let environment = Environment {
            vars: BTreeMap::new(),
            path: "/usr/bin".into(),
            registries: Registries::default(),
        };
        let vars = environment.for_child(Path::new("/stage"), &["/store/rust/bin".into()]);
        let var = |name: &str| vars[std::ffi::OsStr::new(name)].to_str().unwrap().to_owned();
        assert_eq!(var("PATH"), "/store/rust/bin:/usr/bin");
        assert_eq!((var("HOME"), var("TMPDIR")), ("/stage".into(), "/stage/tmp".into()));
    }
}
