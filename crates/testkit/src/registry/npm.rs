//! An npm registry: packuments and tarballs.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha512};

use super::Registry;
use crate::archive::{self, Member};
use crate::base64;

/// One version of a package.
#[derive(Clone, Copy, Debug)]
pub struct NpmPackage<'a> {
    pub version: &'a str,
    /// Program → file of the package.
    pub bin: &'a [(&'a str, &'a str)],
    /// Package → range.
    pub dependencies: &'a [(&'a str, &'a str)],
    /// Command that runs when it is installed, where the user lets it.
    pub install_script: Option<&'a str>,
    pub files: &'a [(&'a str, &'a str)],
}

impl Registry {
    /// Publishes `versions` of the package `name`, of which the last is the latest; gives the
    /// bytes of the last one's tarball.
    pub fn put_npm(&self, name: &str, versions: &[NpmPackage<'_>]) -> Vec<u8> {
        let versions: Vec<_> = versions.iter().map(|package| (*package, None)).collect();
        self.put_npm_at(name, &versions)
    }

    /// The same, each with the time at which it was published, as RFC 3339.
    pub fn put_npm_at(&self, name: &str, versions: &[(NpmPackage<'_>, Option<&str>)]) -> Vec<u8> {
        let (mut described, mut times) = (Map::new(), Map::new());
        let (mut latest, mut tarball) = ("", Vec::new());
        for (package, published) in versions {
            let mut description = describe(name, package);
            tarball = pack(&description, package);
            let file = format!("/npm/{name}/-/{name}-{}.tgz", package.version);
            let integrity = base64::encode(&Sha512::digest(&tarball));
            description["dist"] = json!({
                "tarball": self.put(&file, "application/octet-stream", tarball.clone()),
                "integrity": format!("sha512-{integrity}"),
            });
            latest = package.version;
            if let Some(published) = published {
                times.insert(latest.to_owned(), (*published).into());
            }
            described.insert(latest.to_owned(), description);
        }
        let mut packument = json!({
            "name": name,
            "dist-tags": { "latest": latest },
            "versions": described,
        });
        if !times.is_empty() {
            packument["time"] = times.into();
        }
        self.put(&format!("/npm/{name}"), "application/json", packument.to_string());
        tarball
    }
}

fn describe(name: &str, package: &NpmPackage<'_>) -> Value {
    let table = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
    };
    let mut description = json!({
        "name": name,
        "version": package.version,
        "bin": table(package.bin),
        "dependencies": table(package.dependencies),
    });
    if let Some(script) = package.install_script {
        description["scripts"] = json!({ "install": script });
        description["hasInstallScript"] = json!(true);
    }
    description
}

fn pack(description: &Value, package: &NpmPackage<'_>) -> Vec<u8> {
    let text = description.to_string();
    let paths: Vec<(String, &str)> =
        package.files.iter().map(|(path, text)| (format!("package/{path}"), *text)).collect();
    let mut members: Vec<Member<'_>> = vec![("package/package.json", 0o644, &text)];
    members.extend(paths.iter().map(|(path, text)| (path.as_str(), 0o755, *text)));
    archive::tar_gz(&members)
}
