//! The loader from the outside: the built program, real installers, real clients of registries
//! that this machine serves itself. One file a behaviour.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod already_installed;
mod archives;
mod audit;
mod chaos;
mod damage;
mod deb;
mod dependency_order;
mod downloads;
mod failures;
mod full_disk;
mod idle;
mod kills;
mod kinds;
mod lease;
mod locked;
mod matrix;
mod misbehaving;
mod on_demand;
mod priorities;
mod python;
mod reader;
mod rubbish;
mod secrets;
mod sources;
mod state_persists;
mod stdin;
mod support;
mod switched_off;
mod timeouts;
mod two_loaders;
mod waits;
