//! What a container has to know of this machine to reach the registries: mirrors, proxies and
//! certificates, from the configuration of the ordinary clients.

use std::path::Path;
use std::process::Command;

const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Names of environment variables that are passed on as they are.
const VARIABLES: [&str; 9] = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "NPM_CONFIG_REGISTRY",
];

/// Words for `run`.
pub(crate) fn words() -> Vec<String> {
    let mut words = Vec::new();
    let mut set = |name: &str, value: &str| words.push(format!("--env={name}={value}"));
    for name in VARIABLES {
        if let Ok(value) = std::env::var(name) {
            set(name, &value);
        }
    }
    for (name, end) in
        [("LOA_DEBIAN_MIRROR", "/debian"), ("LOA_DEBIAN_SECURITY_MIRROR", "/debian-security")]
    {
        if let Some(mirror) = std::env::var(name).ok().or_else(|| mirror(end)) {
            set(name, &mirror);
        }
    }
    if Path::new(CERTIFICATES).exists() {
        words.push(format!("--volume={CERTIFICATES}:{CERTIFICATES}:ro"));
    }
    words
}

/// The mirror of apt whose address ends so.
fn mirror(end: &str) -> Option<String> {
    let mut command = Command::new("apt-get");
    let output = command.args(["indextargets", "--format", "$(REPO_URI)"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut found = text.lines().map(|line| line.trim_end_matches('/'));
    found.find(|line| line.ends_with(end)).map(str::to_owned)
}
