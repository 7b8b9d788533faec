//! A sparse index with crates.

use lightship_model::digest::Digest;
use serde_json::{Value, json};

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
        let release = CrateRelease { version: "1.0.0", published: None, needs: &[], files };
        self.put_crates(name, &[release]);
    }

    /// Publishes `releases` of the crate `name`. One that needs other crates ships no lock.
    pub fn put_crates(&self, name: &str, releases: &[CrateRelease<'_>]) {
        let lines: String =
            releases.iter().map(|release| self.put_release(name, release)).collect();
        // The index's layout for names of four letters and more.
        let index = format!("/cargo/{}/{}/{name}", &name[..2], &name[2..4]);
        self.put(&index, "text/plain", lines);
    }

    /// Serves the file of a release; gives its line of the index.
    fn put_release(&self, name: &str, release: &CrateRelease<'_>) -> String {
        let CrateRelease { version, published, needs, files } = *release;
        let folder = format!("{name}-{version}");
        let needed: Vec<String> =
            needs.iter().map(|(name, range)| format!("{name} = \"{range}\"\n")).collect();
        let needed = needed.concat();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n\n\
             [profile.release]\nopt-level = 0\n\n[dependencies]\n{needed}"
        );
        let lock =
            format!("version = 3\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
        let mut all = vec![("Cargo.toml", manifest.as_str())];
        if needs.is_empty() {
            all.push(("Cargo.lock", lock.as_str()));
        }
        all.extend(files);
        let paths: Vec<(String, &str)> =
            all.into_iter().map(|(path, text)| (format!("{folder}/{path}"), text)).collect();
        let members: Vec<Member<'_>> =
            paths.iter().map(|(path, text)| (path.as_str(), 0o644, *text)).collect();
        let archive = archive::tar_gz(&members);
        let needs: Vec<Value> = needs.iter().map(|(name, range)| need(name, range)).collect();
        let mut line = json!({
            "name": name,
            "vers": version,
            "deps": needs,
            "cksum": Digest::of(&archive).as_str(),
            "features": {},
            "yanked": false,
        });
        if let Some(published) = published {
            line["pubtime"] = published.into();
        }
        let download = format!("/cargo/dl/{folder}.crate");
        self.put(&download, "application/gzip", archive);
        format!("{line}\n")
    }
}

/// One release of a crate.
#[derive(Clone, Copy, Debug)]
pub struct CrateRelease<'a> {
    pub version: &'a str,
    /// As RFC 3339; the index says no time when absent.
    pub published: Option<&'a str>,
    /// Crate → range.
    pub needs: &'a [(&'a str, &'a str)],
    pub files: &'a [(&'a str, &'a str)],
}

fn need(name: &str, range: &str) -> Value {
    json!({
        "name": name,
        "req": range,
        "features": [],
        "optional": false,
        "default_features": true,
        "target": null,
        "kind": "normal",
    })
}
