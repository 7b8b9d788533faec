//! Tools that need Python, Rust and a C compiler, on a file system that has none of them: what
//! they need are tools, out of Debian's packages. `bench/chroot-loa` does the same with `loa`.

use std::process::{Command, Stdio};

/// `b3sum` has C in it; what pip installs is a program whose interpreter is a tool.
const MANIFEST: &str = r#"
[tools.cc.deb]
packages = ["gcc", "binutils", "libc6-dev"]
suite = "bookworm"

[tools.rust]
bins = ["rustc", "cargo"]
[tools.rust.deb]
packages = ["rustc-web", "cargo-web"]
suite = "bookworm"
without = ["gcc", "libc-dev", "binutils"]

[tools.python]
bins = ["python3"]
[tools.python.deb]
packages = ["python3", "python3-pip", "libstdc++6"]
suite = "bookworm"
without = ["ca-certificates"]

[tools.b3sum]
cargo = { package = "b3sum", version = "1.8.2" }
requires = ["rust", "cc"]
verify = ["sh", "-c", "echo x | b3sum"]

[tools.pygments]
pip = { package = "pygments", version = "2.19.2" }
requires = ["python"]
verify = ["pygmentize", "-V"]
"#;

#[test]
fn tools_of_every_language_install_in_a_chroot_of_libc_bash_and_coreutils() {
    if !rustix::process::geteuid().is_root() {
        return println!("not run: a chroot needs root");
    }
    let place = tempfile::tempdir().unwrap();
    let manifest = place.path().join("lightship.toml");
    std::fs::write(&manifest, MANIFEST).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/chroot-loa");
    let mut run = Command::new(script);
    run.env("LIGHTSHIP", env!("CARGO_BIN_EXE_lightship")).arg("--manifest").arg(manifest);
    run.args(["b3sum", "pygments"]).stdin(Stdio::null());
    assert!(run.status().unwrap().success(), "see the output above");
}
