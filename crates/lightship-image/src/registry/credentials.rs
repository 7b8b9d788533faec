//! Who we are to a registry: what `docker login` and `podman login` have written.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use lightship_loader::http::basic;
use serde::Deserialize;

use super::error::RegistryError;
use super::reference::Reference;

/// What to show.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    /// The value of `Authorization`.
    Basic(String),
    /// To be changed for a token.
    Identity(String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// What a helper prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

/// The credentials for `reference`; nothing where there are none. `var` reads the environment.
pub(super) fn find(
    reference: &Reference,
    var: impl Fn(&str) -> Option<String>,
) -> Result<Option<Credentials>, RegistryError> {
    for (path, named) in files(var) {
        let bad = |reason: String| RegistryError::Credentials {
            path: path.display().to_string(),
            reason,
        };
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => continue,
            Err(error) => return Err(bad(error.to_string())),
        };
        let file: File = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        let helper = file.cred_helpers.get(&reference.host).or(file.creds_store.as_ref());
        if let Some(helper) = helper
            && let Some(found) = ask(helper, &reference.host).map_err(&bad)?
        {
            return Ok(Some(found));
        }
        if let Some(found) = entry(&file, reference).and_then(Entry::credentials) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The files to look into, and whether each has to be there.
fn files(var: impl Fn(&str) -> Option<String>) -> Vec<(PathBuf, bool)> {
    let set = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(named) = set("REGISTRY_AUTH_FILE") {
        return vec![(named, true)];
    }
    let podman = set("XDG_RUNTIME_DIR").map(|dir| dir.join("containers/auth.json"));
    let docker = set("DOCKER_CONFIG").or_else(|| set("HOME").map(|home| home.join(".docker")));
    let docker = docker.map(|dir| dir.join("config.json"));
    [podman, docker].into_iter().flatten().map(|path| (path, false)).collect()
}

/// The entry that names most of `HOST/NAME`.
fn entry(file: &File, reference: &Reference) -> Option<Entry> {
    let whole = format!("{}/{}", reference.host, reference.name);
    let matching = file.auths.iter().filter_map(|(key, entry)| {
        let key = key.trim_start_matches("https://").trim_start_matches("http://");
        let key = key.trim_end_matches('/').trim_end_matches("/v1").trim_end_matches("/v2");
        let rest = whole.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with('/')).then_some((key.len(), entry))
    });
    matching.max_by_key(|(length, _)| *length).map(|(_, entry)| entry.clone())
}

impl Entry {
    fn credentials(self) -> Option<Credentials> {
        if let Some(token) = self.identitytoken.filter(|token| !token.is_empty()) {
            return Some(Credentials::Identity(token));
        }
        if let Some(auth) = self.auth.filter(|auth| !auth.is_empty()) {
            // It is what the header wants already.
            return Some(Credentials::Basic(format!("Basic {auth}")));
        }
        Some(Credentials::Basic(basic(&format!("{}:{}", self.username?, self.password?))))
    }
}

/// Asks `docker-credential-HELPER`; nothing when it knows nothing.
fn ask(helper: &str, host: &str) -> Result<Option<Credentials>, String> {
    let program = format!("docker-credential-{helper}");
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let run = || {
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(host.as_bytes())?;
        }
        child.wait_with_output()
    };
    let mut run = run;
    let out = run().map_err(|error| format!("can't ask `{program}`: {error}"))?;
    if !out.status.success() {
        return Ok(None);
    }
    let bad = |error| format!("`{program}` gives no credentials: {error}");
    let Helped { username, secret } = serde_json::from_slice(&out.stdout).map_err(bad)?;
    Ok(Some(match username.as_str() {
        "<token>" => Credentials::Identity(secret),
        _ => Credentials::Basic(basic(&format!("{username}:{secret}"))),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(config: &str, reference: &str) -> Result<Option<Credentials>, RegistryError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.json");
        std::fs::write(&path, config).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let var = move |name: &str| (name == "REGISTRY_AUTH_FILE").then(|| path.clone());
        find(&reference.parse().unwrap(), var)
    }

    #[test]
    fn the_entry_that_names_most_is_taken() {
        let config = r#"{"auths": {
            "https://h.x/v1/": {"auth": "aG9zdA=="},
            "h.x/team": {"username": "u", "password": "p"},
            "h.x/team/other": {"identitytoken": "t"},
            "h.x:5000": {}
        }}"#;
        let basic = |text: &str| Some(Credentials::Basic(format!("Basic {text}")));
        assert_eq!(found(config, "h.x/mine/a").unwrap(), basic("aG9zdA=="));
        assert_eq!(found(config, "h.x/team/a").unwrap(), basic("dTpw"));
        assert_eq!(found(config, "h.x/teams/a").unwrap(), basic("aG9zdA=="));
        let token = Some(Credentials::Identity("t".into()));
        assert_eq!(found(config, "h.x/team/other:1").unwrap(), token);
        assert_eq!(found(config, "h.x:5000/a").unwrap(), None);
        assert_eq!(found(config, "h.y/a").unwrap(), None);
    }

    #[test]
    fn a_file_that_is_named_has_to_be_right_and_others_need_not_be_there() {
        let error = found("{", "h.x/a").unwrap_err().to_string();
        assert!(error.contains("auth.json"), "{error}");
        let reference = "h.x/a".parse().unwrap();
        let none = |name: &str| (name == "HOME").then(|| "/nonexistent".to_owned());
        assert_eq!(find(&reference, none).unwrap(), None);
        let named = |name: &str| (name == "REGISTRY_AUTH_FILE").then(|| "/nonexistent".to_owned());
        assert!(find(&reference, named).is_err());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let shown = format!("{:?}", Credentials::Basic("Basic dTpw".into()));
        assert!(!shown.contains("dTpw"), "{shown}");
    }
}
