//! Images made by these tests, in every format, measured and checked to the byte.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod damage;
mod dive;
mod formats;
mod layers;
mod owners;
mod real;
mod support;
