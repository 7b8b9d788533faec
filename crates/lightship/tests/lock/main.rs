//! `lightship lock` and what installs from a lock: the built program, the real clients, and
//! registries of this machine's own.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod age;
mod changed;
mod command;
mod deb;
mod dependencies;
mod installing;
mod support;
