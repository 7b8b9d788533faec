//! Directories and archives of the building machine, pinned by their digests.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use lightship_image::build::cache::Cache;
use lightship_image::build::make::{Built, Request, make};
use lightship_image::build::tree::{Content, Kind, Node, Place};

/// Builds an image of the tree `from` alone, in `home`.
fn build(home: &Path, from: &str, sha256: &str) -> Result<Built, String> {
    let manifest = home.join("lightship.toml");
    let text = format!(
        "[image]\n[[image.trees]]\nfrom = \"{from}\"\nsha256 = \"{sha256}\"\n\
         to = \"/workspace/deploy/loa-identity\"\nowner = \"1000:1000\"\n"
    );
    fs::write(&manifest, text).unwrap();
    let lock = home.join("lightship.image.lock");
    let request = Request { manifest, lock, locked: false, upgrade: false };
    let cache = Cache::at(&home.join("cache")).unwrap();
    make(&request, &cache, &|_| {}).map_err(|error| {
        let cause = std::error::Error::source(&error);
        cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
    })
}

/// The digest that an error says was found.
fn found(error: &str) -> String {
    let (_, rest) = error.split_once("its sha256 is ").unwrap();
    rest[..64].to_owned()
}

fn identity(home: &Path) {
    let folder = home.join("identity");
    fs::create_dir_all(folder.join("health")).unwrap();
    fs::write(folder.join("BEAUVOIR.md"), "who I am\n").unwrap();
    let program = folder.join("health/check");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    symlink("BEAUVOIR.md", folder.join("SOUL.md")).unwrap();
}

fn at<'a>(built: &'a Built, path: &str) -> &'a Node {
    &built.tree.0[&format!("workspace/deploy/loa-identity{path}")]
}

fn text(node: &Node) -> String {
    let Kind::File(Content { place: Place::File(file), .. }) = &node.kind else {
        panic!("{node:?}")
    };
    fs::read_to_string(file).unwrap()
}

fn has_all(built: &Built) {
    assert_eq!(at(built, "").kind, Kind::Directory);
    assert_eq!(text(at(built, "/BEAUVOIR.md")), "who I am\n");
    let program = at(built, "/health/check");
    assert_eq!((program.mode, program.uid, program.gid), (0o755, 1000, 1000));
    assert_eq!(at(built, "/SOUL.md").kind, Kind::Symlink("BEAUVOIR.md".to_owned()));
}

const WRONG: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn a_directory_is_laid_in_as_it_was_pinned_and_refused_once_it_has_changed() {
    let home = tempfile::tempdir().unwrap();
    identity(home.path());
    let error = build(home.path(), "identity", WRONG).unwrap_err();
    assert!(error.contains("is not what the manifest pins"), "{error}");
    let digest = found(&error);
    has_all(&build(home.path(), "identity", &digest).unwrap());
    // A umask and a time are no change; bytes, and whether it is a program, are.
    let file = home.path().join("identity/BEAUVOIR.md");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    has_all(&build(home.path(), "identity", &digest).unwrap());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    build(home.path(), "identity", &digest).unwrap_err();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(home.path().join("identity/more"), "").unwrap();
    let error = build(home.path(), "identity", &digest).unwrap_err();
    assert_ne!(found(&error), digest);
}

#[test]
fn an_archive_is_laid_in_if_it_has_the_digest() {
    let home = tempfile::tempdir().unwrap();
    identity(home.path());
    let tar = std::process::Command::new("tar")
        .args(["-czf", "identity.tar.gz", "-C", "identity", "."])
        .current_dir(home.path())
        .status()
        .unwrap();
    assert!(tar.success());
    let digest = found(&build(home.path(), "identity.tar.gz", WRONG).unwrap_err());
    let bytes = fs::read(home.path().join("identity.tar.gz")).unwrap();
    assert_eq!(digest, lightship_model::digest::Digest::of(&bytes).to_string());
    has_all(&build(home.path(), "identity.tar.gz", &digest).unwrap());
}

#[test]
fn a_tree_without_a_digest_or_that_is_not_there_is_told() {
    let home = tempfile::tempdir().unwrap();
    let error = build(home.path(), "identity", "").unwrap_err();
    assert!(error.contains("lightship.toml:4:"), "{error}");
    let error = build(home.path(), "identity", WRONG).unwrap_err();
    assert!(error.contains("can't read") && error.contains("identity"), "{error}");
}
