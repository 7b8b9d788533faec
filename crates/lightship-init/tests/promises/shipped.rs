//! The shipped file, built by the one command that builds it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// `LIGHTSHIP_INIT_BINARY`, or `target/dist/lightship-init`, which is built first.
pub(crate) fn shipped() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(path) = std::env::var_os("LIGHTSHIP_INIT_BINARY") {
            return path.into();
        }
        let built = Command::new(root().join("dist")).status().unwrap();
        assert!(built.success(), "./dist failed");
        root().join("target/dist/lightship-init")
    })
}

/// What a command prints.
pub(crate) fn printed(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
