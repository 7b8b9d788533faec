//! The service's secrets are in the loader's environment, and reach no installer.

use std::fs;
use std::path::Path;

use testkit::Registry;

use crate::kinds::{self, KINDS};
use crate::support::sandbox;

const SECRETS: [&str; 7] = [
    "ANTHROPIC_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "CARGO_REGISTRY_TOKEN",
    "NPM_TOKEN",
    "NPM_CONFIG__AUTH",
    "FOO",
];
const VALUE: &str = "xyzzy-27182818-secret";

#[test]
fn no_installer_of_any_kind_sees_them() {
    let registry = Registry::start();
    let mut sandbox = sandbox();
    for name in SECRETS {
        sandbox.set(name, VALUE);
    }
    let tools = KINDS.map(|kind| kinds::tool(&registry, kind));
    sandbox.manifest(&format!("{}{}", registry.manifest(), tools.concat()));
    let run = sandbox.run().installed_all();
    assert!(!format!("{run:#?}").contains(VALUE));
    // Everything that an installer, a build script, an install script or a verify command has
    // printed or kept lies in the tool directory.
    assert_eq!(files_with(&sandbox.dir(), VALUE), [""; 0]);
    for name in SECRETS {
        assert_eq!(files_with(&sandbox.dir(), name), [""; 0]);
    }
    // And they did keep and print their environments, or nothing would be proven.
    let seen = files_with(&sandbox.dir(), "LIGHTSHIP_TOOL");
    for kind in KINDS {
        let log = format!("v1/logs/{kind}.log");
        assert!(seen.iter().any(|path| path.ends_with(&log)), "{log} of {seen:?}");
    }
    for kind in ["cargo", "npm", "script"] {
        let prefix = sandbox.prefix(kind).display().to_string();
        assert!(seen.iter().any(|path| path.starts_with(&prefix)), "{kind} of {seen:?}");
    }
}

/// The files under `root` in which `what` occurs.
fn files_with(root: &Path, what: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut queue = vec![root.to_owned()];
    while let Some(folder) = queue.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                queue.push(entry.path());
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).unwrap();
                if bytes.windows(what.len()).any(|window| window == what.as_bytes()) {
                    found.push(entry.path().display().to_string());
                }
            }
        }
    }
    found
}
