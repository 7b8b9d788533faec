//! Images from the outside: what other tools make of them.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod answers;
mod archive;
mod docker;
mod front;
mod layout;
mod podman;
mod registry;
mod sample;
mod sbom;
