//! What we promise of the file that is shipped (`promises.md`), shown on that very file.

#![expect(
    clippy::tests_outside_test_module,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "an integration test is a test module, and runs processes"
)]

mod dependencies;
mod listed;
mod memory;
mod shipped;
mod size;
mod start;
