//! npm tarballs: by integrity, with the files that are named and no others.

use std::io::Write as _;

use lightship_image::build::tree::{Kind, Owner, Stratum};
use lightship_loader::archive::base64;
use sha2::{Digest as _, Sha512};
use testkit::Server;

use crate::world::{World, text};

/// A tarball with these files, and its integrity.
fn tarball(files: &[(&str, &str, u32)]) -> (Vec<u8>, String) {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, body, mode) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(body.len() as u64);
        header.set_mode(*mode);
        header.set_mtime(499_162_500);
        tar.append_data(&mut header, format!("package/{path}"), body.as_bytes()).unwrap();
    }
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&tar.into_inner().unwrap()).unwrap();
    let bytes = gz.finish().unwrap();
    let integrity = format!("sha512-{}", base64(&Sha512::digest(&bytes)));
    (bytes, integrity)
}

#[test]
fn a_file_of_a_tarball_is_taken_and_another_tarball_is_refused() {
    let Some(world) = World::new() else { return };
    let server = Server::start();
    let (bytes, integrity) =
        tarball(&[("cli", "#!/bin/sh\n", 0o755), ("README.md", "long", 0o644)]);
    let path = "/npm/@a/cli/-/cli-1.0.0.tgz";
    server.put(path, "application/octet-stream", bytes.clone());
    let image = |integrity: &str| {
        format!(
            "[[image.npm]]\npackage = \"@a/cli\"\nversion = \"1.0.0\"\n\
             integrity = \"{integrity}\"\ntake = {{ cli = \"/usr/local/bin/cli\" }}\n"
        )
    };
    world.manifest(&server, &image(&integrity));
    let built = world.build().unwrap();
    assert_eq!(world.told(), ["@a/cli", "choosing", "locked"]);
    let node = &built.tree.0["usr/local/bin/cli"];
    assert_eq!((node.mode, node.stratum), (0o755, Stratum::Payload));
    assert_eq!(node.owner, Owner::Npm("@a/cli".into()));
    assert_eq!(text(node), "#!/bin/sh\n");
    assert!(!built.tree.0.keys().any(|path| path.ends_with("README.md")));
    world.build().unwrap();
    assert_eq!(world.told(), [""; 0]);

    let (_, other) = tarball(&[("cli", "other", 0o755)]);
    world.manifest(&server, &image(&other));
    let error = world.build().unwrap_err();
    assert!(
        error.contains("its integrity is sha512-") || error.contains("another integrity"),
        "{error}"
    );
}

#[test]
fn a_lock_of_npm_is_laid_out_as_npm_would() {
    let Some(world) = World::new() else { return };
    let server = Server::start();
    let (one, one_integrity) = tarball(&[("cli.js", "#!/usr/bin/env node\n", 0o644)]);
    let (two, two_integrity) = tarball(&[("index.js", "x", 0o644), ("lib/a.js", "y", 0o644)]);
    server.put("/npm/one/-/one-1.0.0.tgz", "application/octet-stream", one);
    server.put("/npm/@s/two/-/two-2.0.0.tgz", "application/octet-stream", two);
    let lock = format!(
        r#"{{"lockfileVersion": 3, "packages": {{
            "": {{"name": "app"}},
            "node_modules/one": {{"version": "1.0.0", "integrity": "{one_integrity}",
                "resolved": "https://elsewhere.example/one/-/one-1.0.0.tgz",
                "bin": {{"one": "./cli.js"}}}},
            "node_modules/one/node_modules/@s/two": {{"version": "2.0.0",
                "integrity": "{two_integrity}", "hasInstallScript": true}}
        }}}}"#
    );
    std::fs::write(world.path("package-lock.json"), lock).unwrap();
    world.manifest(
        &server,
        "[[image.npm_trees]]\nlock = \"package-lock.json\"\nto = \"/opt/app\"\nbins = [\"one\"]\n",
    );
    let built = world.build().unwrap();
    let tree = &built.tree.0;
    assert_eq!(text(&tree["opt/app/node_modules/one/node_modules/@s/two/lib/a.js"]), "y");
    assert_eq!(tree["opt/app/node_modules/one/cli.js"].mode, 0o755);
    let link = |path: &str| match &tree[path].kind {
        Kind::Symlink(target) => target.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(link("opt/app/node_modules/.bin/one"), "../one/cli.js");
    assert_eq!(link("usr/local/bin/one"), "/opt/app/node_modules/.bin/one");
    assert!(built.selection.notes.iter().any(|note| note.contains("@s/two 2.0.0")));
}
