//! The specification's end-to-end tests, and what belongs to them: the core image of `images/`
//! with the real gateway, in real containers, with tools from the real registries.
//!
//! The tools are small ones of the same kinds under the specification's names, so that compilers
//! run for seconds; `bench/e2e-loa` does the same with the specification's own.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stderr, reason = "a test that can't run says why")]

mod container;
mod containers;
mod engines;
mod image;
mod machine;
mod manifest;
mod readme;
