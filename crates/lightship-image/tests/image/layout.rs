//! The layout on the disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use lightship_image::build::compress::Compression;
use lightship_image::oci::layout::{self, Written};
use lightship_image::oci::{Config, Index, Manifest};
use lightship_model::digest::Digest;
use serde::de::DeserializeOwned;

use crate::sample::{program, sample, sample_of};

fn read<T: DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_blob_has_the_digest_that_leads_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let image = sample(dir.path(), Compression::ZSTD, 2);
    let out = dir.path().join("out");
    let written = layout::write(&out, &image, "1.0").unwrap();
    assert_eq!(written, Written { files: 6, removed: 0 });
    assert_eq!(
        fs::read_to_string(out.join("oci-layout")).unwrap(),
        r#"{"imageLayoutVersion":"1.0.0"}"#
    );
    let blob = |digest: &str| out.join("blobs/sha256").join(digest);
    for entry in fs::read_dir(out.join("blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        let found = Digest::of(&fs::read(&path).unwrap());
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), found.as_str());
    }
    let index: Index = read(&out.join("index.json"));
    let manifest: Manifest = read(&blob(index.manifests[0].digest.0.as_str()));
    let config: Config = read(&blob(manifest.config.digest.0.as_str()));
    assert_eq!(manifest.layers.len(), 3);
    assert_eq!(config.history.len(), 3);
    assert_eq!(config.created.as_deref(), Some("2023-11-14T22:13:20.000Z"));
    for (layer, diff_id) in manifest.layers.iter().zip(&config.rootfs.diff_ids) {
        let plain = zstd::decode_all(fs::File::open(blob(layer.digest.0.as_str())).unwrap());
        assert_eq!(Digest::of(&plain.unwrap()), diff_id.0);
    }
}

#[test]
fn a_build_with_nothing_changed_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let first = sample(dir.path(), Compression::ZSTD, 2);
    assert_eq!(first.made, 3);
    layout::write(&out, &first, "1.0").unwrap();
    let again = sample(dir.path(), Compression::ZSTD, 1);
    assert_eq!(again.made, 0);
    assert_eq!(layout::write(&out, &again, "1.0").unwrap(), Written::default());
}

#[test]
fn another_image_takes_the_name_and_what_nobody_needs_goes() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    layout::write(&out, &sample(dir.path(), Compression::ZSTD, 2), "1.0").unwrap();
    let gzip = sample(dir.path(), Compression::GZIP, 2);
    let written = layout::write(&out, &gzip, "2.0").unwrap();
    assert_eq!(written.removed, 0, "the first one still has its name");
    // The configuration is the same: it names plain bytes.
    let written = layout::write(&out, &gzip, "1.0").unwrap();
    assert_eq!(written.removed, 4);
    let index: Index = read(&out.join("index.json"));
    assert_eq!(index.manifests.len(), 2);
    assert_eq!(layout::write(&out, &gzip, "2.0").unwrap(), Written::default());
}

#[test]
fn a_directory_with_something_else_in_it_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let image = sample(dir.path(), Compression::ZSTD, 2);
    let error = layout::write(dir.path(), &image, "1.0").unwrap_err();
    assert!(error.to_string().ends_with("there is something else in it"), "{error}");
}

/// Not a test: prints the digest of the sample's manifest, for the test below, in a process of
/// its own.
#[test]
#[ignore = "run by `the_digest_is_the_same_whatever_the_machine_is_set_to`"]
fn print_digest() {
    let dir = tempfile::tempdir().unwrap();
    let threads = std::env::var("SAMPLE_THREADS").unwrap().parse().unwrap();
    let program = std::path::PathBuf::from(std::env::var_os("SAMPLE_PROGRAM").unwrap());
    let image = sample_of(dir.path(), &fs::read(program).unwrap(), Compression::GZIP, threads);
    let out = dir.path().join("out");
    layout::write(&out, &image, "1.0").unwrap();
    println!("index {}", Digest::of(&fs::read(out.join("index.json")).unwrap()));
}

#[test]
fn the_digest_is_the_same_whatever_the_machine_is_set_to() {
    let dir = tempfile::tempdir().unwrap();
    let compiled = dir.path().join("program");
    fs::write(&compiled, program()).unwrap();
    let digest = |umask: &str, zone: &str, language: &str, threads: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask $0; exec \"$@\"", umask]).arg(std::env::current_exe().unwrap());
        shell.args(["--exact", "layout::print_digest", "--ignored", "--nocapture"]);
        shell.env("TZ", zone).env("LC_ALL", language).env("SAMPLE_THREADS", threads);
        let out = shell.env("SAMPLE_PROGRAM", &compiled).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with("index "));
        line.unwrap_or_else(|| panic!("no digest in {text}")).to_owned()
    };
    let first = digest("022", "UTC", "C", "1");
    assert_eq!(first, digest("077", "Asia/Kathmandu", "C.UTF-8", "2"));
    assert_eq!(first, digest("000", "America/St_Johns", "tr_TR.UTF-8", "4"));
}
