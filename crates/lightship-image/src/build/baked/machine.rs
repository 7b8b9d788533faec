//! What a root is given for the time of baking: lightship itself, and what this machine's clients
//! are configured with. None of it is in the image.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lightship_debian::sources;
use lightship_loader::archive::registries_of_this_machine;

/// lightship, in the root.
pub(super) const PROGRAM: &str = "/run/lightship/lightship";

const CERTIFICATES: &str = "/run/lightship/certificates.crt";

/// Variables that name a file of certificates: a client's configuration may name one that the
/// image has, which knows nothing of this machine's mirrors.
const TRUST: [&str; 7] = [
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "PIP_CERT",
    "NPM_CONFIG_CAFILE",
];

/// Variables that say where registries are and how they are reached, and how installs are done.
const KEPT: [&str; 16] = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "NPM_CONFIG_REGISTRY",
    "LOA_DEBIAN_MIRROR",
    "LOA_DEBIAN_SECURITY_MIRROR",
    "LOA_TOOL_TIMEOUT",
    "LOA_CONFINE",
    "CARGO_HTTP_PROXY",
    "CARGO_NET_RETRY",
    "SOURCE_DATE_EPOCH",
];

/// Files of a client's configuration below the home directory.
const CONFIGURATION: [&str; 4] =
    [".cargo/config.toml", ".npmrc", ".pip/pip.conf", ".config/pip/pip.conf"];

pub(super) struct Machine {
    program: PathBuf,
    /// A library that lightship needs and an image may not have.
    library: Option<PathBuf>,
    certificates: Option<PathBuf>,
    home: PathBuf,
    vars: BTreeMap<String, OsString>,
}

impl Machine {
    pub(super) fn look() -> io::Result<Self> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let mut vars: BTreeMap<String, OsString> =
            KEPT.iter().filter_map(|name| Some(((*name).to_owned(), var(name)?))).collect();
        if let Some((main, security)) = mirrors()? {
            vars.entry("LOA_DEBIAN_MIRROR".to_owned()).or_insert(main.into());
            vars.entry("LOA_DEBIAN_SECURITY_MIRROR".to_owned()).or_insert(security.into());
        }
        // The root may have no client to ask.
        for (name, value) in registries_of_this_machine() {
            vars.entry(name.to_owned()).or_insert(value.into());
        }
        let certificates = var("SSL_CERT_FILE")
            .map_or_else(|| PathBuf::from("/etc/ssl/certs/ca-certificates.crt"), PathBuf::from);
        let certificates = Some(certificates).filter(|path| path.is_file());
        if certificates.is_some() {
            vars.extend(TRUST.map(|name| (name.to_owned(), CERTIFICATES.into())));
        }
        for (name, value) in [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("HOME", "/root"),
            ("LANG", "C.UTF-8"),
            ("LD_LIBRARY_PATH", "/run/lightship"),
            // It is the tool directory itself.
            ("LIGHTSHIP_BAKED_DIR", "/run/lightship/none"),
        ] {
            vars.insert(name.to_owned(), value.into());
        }
        let folders = ["/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/lib"];
        let library = folders.iter().map(|folder| Path::new(folder).join("libgcc_s.so.1"));
        Ok(Self {
            program: std::env::current_exe()?,
            library: library.into_iter().find(|path| path.is_file()),
            certificates,
            home: var("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from),
            vars,
        })
    }

    /// Puts it all into the root.
    pub(super) fn equip(&self, root: &Path) -> io::Result<()> {
        let own = root.join("run/lightship");
        fs::create_dir_all(&own)?;
        fs::copy(&self.program, root.join(PROGRAM.trim_start_matches('/')))?;
        if let Some(library) = &self.library {
            fs::copy(library, own.join("libgcc_s.so.1"))?;
        }
        if let Some(certificates) = &self.certificates {
            fs::copy(certificates, root.join(CERTIFICATES.trim_start_matches('/')))?;
        }
        for name in ["etc/resolv.conf", "etc/hosts", "etc/pip.conf"] {
            let from = Path::new("/").join(name);
            if from.is_file() {
                fs::copy(from, root.join(name))?;
            }
        }
        for name in CONFIGURATION {
            let (from, to) = (self.home.join(name), root.join("root").join(name));
            if from.is_file()
                && let Some(folder) = to.parent()
            {
                fs::create_dir_all(folder)?;
                fs::copy(from, &to)?;
            }
        }
        Ok(())
    }

    pub(super) fn vars(&self) -> &BTreeMap<String, OsString> {
        &self.vars
    }
}

/// The archive's and the security archive's address in apt's configuration.
fn mirrors() -> io::Result<Option<(String, String)>> {
    let sources = sources::read(Path::new("/"))?;
    let find = |ending: &str| {
        let fits =
            |source: &&sources::Source| source.suites.iter().any(|suite| suite.ends_with(ending));
        sources.iter().find(fits).and_then(|source| source.uris.first().cloned())
    };
    Ok(find("-updates").zip(find("-security")))
}
