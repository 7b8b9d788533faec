//! The whole of lightship on real mounts that can't do what a good volume can: the service runs,
//! health says what is wrong, tools go where they can, nothing is corrupted, and the next good
//! start repairs. One file a kind of volume.
//!
//! Each test runs in mount and process namespaces of its own: its mounts and whatever it started
//! are gone with it.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stderr, reason = "a test that can't run says why")]

mod alone;
mod full;
mod missing;
mod noexec;
mod object_store;
mod overlay;
mod read_only;
mod restored;
mod shared;
mod slow;
mod world;
