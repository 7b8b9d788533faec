//! Images as files: what podman and Docker make of them.

use std::fs;

use lightship_image::build::compress::Compression;
use lightship_image::oci::archive::{write_docker, write_oci};
use testkit::Engine;

use crate::podman::run;
use crate::sample::{SAYS, bill, sample};

#[test]
fn podman_loads_both_kinds_of_archive() {
    let dir = tempfile::tempdir().unwrap();
    let Some(podman) = Engine::podman(dir.path()) else { return };
    let mut image = sample(dir.path(), Compression::GZIP, 2);
    let about = bill(&image);
    lightship_image::build::sbom::attach(&mut image, &about).unwrap();
    let (oci, docker) = (dir.path().join("new/oci.tar"), dir.path().join("new/docker.tar"));
    assert!(write_oci(&oci, &image, "example.org/sample:1.0").unwrap());
    assert!(write_docker(&docker, &image, "example.org/sample:2.0").unwrap());
    for (path, name) in [(&oci, "example.org/sample:1.0"), (&docker, "example.org/sample:2.0")] {
        podman.call(["load", "-q", "-i", path.to_str().unwrap()]).ok();
        let found = podman.call(["images", "--no-trunc", "--format", "{{.Id}}", name]).ok();
        let first = found.lines().next().unwrap().trim_start_matches("sha256:");
        assert_eq!(first, image.config.digest.0.as_str());
        assert_eq!(run(&podman, name), SAYS);
    }
}

#[test]
fn an_archive_with_nothing_changed_is_not_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let image = sample(dir.path(), Compression::GZIP, 2);
    let path = dir.path().join("docker.tar");
    assert!(write_docker(&path, &image, "sample:1").unwrap());
    assert!(!write_docker(&path, &image, "sample:1").unwrap());
    assert!(write_docker(&path, &image, "sample:2").unwrap());
    let mut longer = fs::read(&path).unwrap();
    longer.extend([0; 512]);
    fs::write(&path, longer).unwrap();
    assert!(write_docker(&path, &image, "sample:2").unwrap());
}

#[test]
fn what_docker_would_not_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.tar");
    let zstd = sample(dir.path(), Compression::Zstd(1), 2);
    let error = write_docker(&path, &zstd, "sample:1").unwrap_err();
    assert!(error.to_string().contains("--compression gzip"), "{error}");
    let gzip = sample(dir.path(), Compression::Gzip(1), 2);
    for bad in ["sample", "localhost:5000/sample", ":1"] {
        let error = write_docker(&path, &gzip, bad).unwrap_err();
        assert!(error.to_string().contains("`worker:1.0`"), "{bad}: {error}");
    }
    assert!(!path.exists());
}
