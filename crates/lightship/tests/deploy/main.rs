//! What `deploy/` and `.github/` hold: the Dockerfiles are built and their images run, with podman
//! where it is; the YAML is held against the schemas of those who read it.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stderr, reason = "a test that can't run says why")]

mod dockerfiles;
mod identity;
mod pins;
mod podman;
mod yaml;

use std::path::PathBuf;

/// The repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
