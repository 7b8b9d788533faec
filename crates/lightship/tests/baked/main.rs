//! Tools baked into an image, from the registries: installed in the image's own root, where they
//! then run. It takes root and mount namespaces.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const MANIFEST: &str = r#"
[image]
suite = "bookworm"
packages = ["base-files", "base-passwd", "bash", "coreutils"]

[tools.uv]
version = "0.13.9"
load = "baked"
verify = ["uv", "--version"]
bins = ["uv"]

[tools.uv.binary]
url = "pypi:uv==0.13.9/uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl"
sha256 = "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25"
take = [{ from = "uv-0.13.9.data/scripts/uv", to = "bin/uv", executable = true }]
"#;

/// Both need libraries of Debian's, and one needs pip, which has a mind of its own about whom
/// to trust.
const PYTHON: &str = r#"
[tools.python]
version = "bookworm"
load = "baked"
verify = ["python3", "-m", "pip", "--version"]
bins = ["python3"]

[tools.python.deb]
packages = ["python3", "python3-pip", "libstdc++6"]
suite = "bookworm"
without = ["ca-certificates"]

[tools.cowsay]
pip = { package = "cowsay", version = "6.1" }
load = "baked"
requires = ["python"]
verify = ["cowsay", "-t", "hello"]
bins = ["cowsay"]
"#;

/// Builds the manifest's image as a directory `to`; gives what was told.
fn build(place: &TempDir, manifest: &str, to: &str) -> String {
    let file = place.path().join("lightship.toml");
    fs::write(&file, manifest).unwrap();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-cache");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightship"));
    command.args(["image", "build", "--format", "dir", "-f"]).arg(&file);
    command.arg("-o").arg(place.path().join(to)).env("LOA_IMAGE_CACHE", cache);
    told(command.output().unwrap())
}

fn told(output: Output) -> String {
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

/// What a command prints in the root, as root or as nobody.
fn run(root: &Path, user: &str, words: &[&str]) -> String {
    let mut command = Command::new("chroot");
    command.args(["--userspec", user]).arg(root).args(words).env_clear();
    told(command.env("PATH", "/opt/lightship/bin:/usr/bin:/usr/sbin").output().unwrap())
}

#[test]
fn baked_tools_are_there_for_everybody_and_nothing_of_the_machine_is() {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let apart = Command::new("unshare").args(["--mount", "true"]).status();
    let pip = Command::new("pip").args(["config", "list"]).output().is_ok();
    if !root || !pip || !apart.is_ok_and(|status| status.success()) {
        return println!("not run: it takes root, mount namespaces and pip's registry");
    }
    let place = tempfile::tempdir().unwrap();
    let whole = [MANIFEST, PYTHON].concat();
    build(&place, &whole, "first");
    let first = place.path().join("first");
    for user in ["0:0", "65534:65534"] {
        assert!(run(&first, user, &["uv", "--version"]).starts_with("uv 0.13.9"));
        assert!(run(&first, user, &["cowsay", "-t", "hello"]).contains("hello"));
    }
    let receipts = |root: &Path| {
        let names = fs::read_dir(root.join("opt/lightship/v1/receipts")).unwrap();
        names.filter(|name| name.as_ref().unwrap().path().extension().unwrap() == "json").count()
    };
    assert_eq!(receipts(&first), 3);
    for name in ["run/lightship", "etc/resolv.conf", "opt/lightship/v1/logs", "root/.npmrc"] {
        assert!(!first.join(name).exists(), "{name}");
    }
    let told = build(&place, &whole, "again");
    assert!(!told.contains("installing") && !told.contains("verifying"), "{told}");

    // What is not wanted any more is not in the next image.
    build(&place, MANIFEST, "less");
    let less = place.path().join("less");
    assert_eq!(receipts(&less), 1);
    assert_eq!(fs::read_dir(less.join("opt/lightship/v1/store")).unwrap().count(), 1);
    assert!(run(&less, "0:0", &["uv", "--version"]).starts_with("uv 0.13.9"));
}
