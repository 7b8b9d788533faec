//! The images of the repository, built from their locks through the registries, each within its
//! budget, run in engines, and pushed to a registry; and the document about them. They share one cache, so that who runs this again
//! fetches nothing. `./test` runs these last: they take a minute or two.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "who looks at the log learns what was not run")]

mod git_server;
mod pushing;
mod repository;
mod running;
mod workshop;
