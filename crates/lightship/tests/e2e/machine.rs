//! What a container has to know of this machine to reach the registries: mirrors, proxies and
//! certificates, from the configuration of the ordinary clients.

use std::path::Path;
use std::process::Command;

const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Names of environment variables that are passed on as they are.
const VARIABLES: [&str; 7] = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "UV_DEFAULT_INDEX",
];

/// What pip takes where nothing is configured.
const PIP_DEFAULT: &str = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";

/// Words for `run`.
pub(crate) fn words() -> Vec<String> {
    let mut words = Vec::new();
    let mut set = |name: &str, value: &str| words.push(format!("--env={name}={value}"));
    for name in VARIABLES {
        if let Ok(value) = std::env::var(name) {
            set(name, &value);
        }
    }
    let mut set_or = |name: &str, ask: &dyn Fn() -> Option<String>| {
        if let Some(value) = std::env::var(name).ok().or_else(ask) {
            set(name, &value);
        }
    };
    set_or("LOA_DEBIAN_MIRROR", &|| mirror("/debian"));
    set_or("LOA_DEBIAN_SECURITY_MIRROR", &|| mirror("/debian-security"));
    set_or("PIP_INDEX_URL", &|| {
        asked("python3", &["-m", "pip", "config", "get", "global.index-url"])
            .or_else(|| asked("python3", &["-c", PIP_DEFAULT]))
    });
    set_or("NPM_CONFIG_REGISTRY", &|| asked("npm", &["config", "get", "registry"]));
    if Path::new(CERTIFICATES).exists() {
        words.push(format!("--volume={CERTIFICATES}:{CERTIFICATES}:ro"));
    }
    words
}

/// The mirror of apt whose address ends so.
fn mirror(end: &str) -> Option<String> {
    let text = asked("apt-get", &["indextargets", "--format", "$(REPO_URI)"])?;
    let mut found = text.lines().map(|line| line.trim_end_matches('/'));
    found.find(|line| line.ends_with(end)).map(str::to_owned)
}

/// What a client of this machine answers.
fn asked(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
