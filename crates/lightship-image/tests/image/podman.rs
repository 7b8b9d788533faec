//! What podman makes of an image. It has a store of its own for each test.

use std::path::Path;
use std::process::Command;

use lightship_image::build::compress::Compression;
use lightship_image::oci::layout;

use crate::sample::{SAYS, sample};

/// Whether podman is here, with the runtime that these tests use; says so where not.
pub(crate) fn is_here() -> bool {
    let here = ["podman", "runc"]
        .iter()
        .all(|program| Command::new(program).arg("--version").output().is_ok());
    if !here {
        eprintln!("skipped: there is no `podman` here, or no `runc` (Debian's packages)");
    }
    here
}

/// Runs podman and gives what it printed.
pub(crate) fn podman(store: &Path, args: &[&str]) -> String {
    let mut command = Command::new("podman");
    command.arg("--root").arg(store.join("root")).arg("--runroot").arg(store.join("run"));
    command.args(["--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]);
    let out = command.args(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "podman {args:?}: {stderr}");
    String::from_utf8(out.stdout).unwrap()
}

pub(crate) fn run(store: &Path, image: &str) -> String {
    let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
    let mut args = vec!["run", "--rm", "--network", "host"];
    args.extend(limits);
    args.push(image);
    podman(store, &args)
}

#[test]
fn an_image_of_a_layout_runs() {
    if !is_here() {
        return;
    }
    for compression in [Compression::ZSTD, Compression::GZIP, Compression::None] {
        // podman makes a name of the path, and names are in small letters.
        let prefix = format!("lightship-podman-{}", std::process::id());
        let dir = tempfile::Builder::new().prefix(&prefix).rand_bytes(0).tempdir().unwrap();
        let out = dir.path().join("out");
        let image = sample(dir.path(), compression, 2);
        layout::write(&out, &image, "1.0").unwrap();
        let pulled = podman(dir.path(), &["pull", "-q", &format!("oci:{}:1.0", out.display())]);
        let id = pulled.trim();
        assert_eq!(id, image.config.digest.0.as_str());
        assert_eq!(run(dir.path(), id).trim(), SAYS);
    }
}
