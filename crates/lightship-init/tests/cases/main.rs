//! What an init has to do, as cases that run against any init: tini's own (T), dumb-init's own
//! (D), and those that none of them tests (L). `INIT_UNDER_TEST` says which init; see
//! `subject.rs`. `bench/init` runs them against all and counts.

#![expect(
    clippy::tests_outside_test_module,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "an integration test is a test module, and runs processes"
)]

mod case;
mod processes;
mod running;
mod subject;
mod terminal;

mod dumb_init;
mod nobody;
mod tini;

mod complete;
mod drop_in;
mod teeth;
