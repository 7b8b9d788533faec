//! The dashboard in a real browser: one file a behaviour.

#![expect(
    clippy::tests_outside_test_module,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "an integration test is a test module, and runs processes"
)]

mod access;
mod assistive;
mod failed_tool;
mod keyboard;
#[path = "../behaviour/lightship.rs"]
#[expect(dead_code, reason = "the other test target uses the rest of it")]
mod lightship;
mod live;
mod looks;
mod lost_connection;
mod support;
mod timeline;
