//! A sparse index with crates that have no dependencies.

use lightship_model::digest::Digest;
use serde_json::json;

use super::Registry;
use crate::archive::{self, Member};

impl Registry {
    pub(super) fn configure_cargo(&self) {
        let download = self.url("/cargo/dl/{crate}-{version}.crate");
        let config = json!({ "dl": download }).to_string();
        self.put("/cargo/config.json", "application/json", config);
    }

    /// Publishes version 1.0.0 of the crate `name` with `files`, to which its manifest and lock
    /// are added.
    pub fn put_crate(&self, name: &str, files: &[(&str, &str)]) {
        let folder = format!("{name}-1.0.0");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n\
             [profile.release]\nopt-level = 0\n"
        );
        let lock = format!("version = 3\n\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
        let mut all = vec![("Cargo.toml", manifest.as_str()), ("Cargo.lock", lock.as_str())];
        all.extend(files);
        let paths: Vec<(String, &str)> =
            all.into_iter().map(|(path, text)| (format!("{folder}/{path}"), text)).collect();
        let members: Vec<Member<'_>> =
            paths.iter().map(|(path, text)| (path.as_str(), 0o644, *text)).collect();
        let archive = archive::tar_gz(&members);
        let line = json!({
            "name": name,
            "vers": "1.0.0",
            "deps": [],
            "cksum": Digest::of(&archive).as_str(),
            "features": {},
            "yanked": false,
        });
        // The index's layout for names of four letters and more.
        let index = format!("/cargo/{}/{}/{name}", &name[..2], &name[2..4]);
        self.put(&index, "text/plain", format!("{line}\n"));
        let download = format!("/cargo/dl/{folder}.crate");
        self.put(&download, "application/gzip", archive);
    }
}
