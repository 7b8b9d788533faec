//! Trees from a signed archive of the tests' own, made by dpkg and gpg.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "who looks at the log learns what was not run")]

mod archive;
mod cache;
mod npm;
mod refused;
mod trees;
mod world;
