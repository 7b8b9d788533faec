//! The command line from the outside: the built program, real services, real tools.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stderr, reason = "a test that can't run says why")]

mod audit;
mod care;
mod care_killed;
mod doctor;
mod image_build;
mod image_measure;
mod image_registry;
mod image_views;
mod killed_loader;
mod manifest;
mod on_demand;
mod refusals;
mod support;
mod tools;
mod up;
mod usage;
