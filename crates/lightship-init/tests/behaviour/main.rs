//! What `lightship-init` does, seen from outside: real processes, one file a behaviour.

#![expect(
    clippy::tests_outside_test_module,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "an integration test is a test module, and runs processes"
)]

mod backoff;
mod control;
mod crowd;
mod daemon;
mod documents;
mod events_pipe;
mod exit_code;
mod health;
mod health_command;
mod hooks;
mod idle;
mod left_overs;
mod lightship;
mod listening_sockets;
mod liveness;
mod loader;
mod loader_crash;
mod logs;
mod orphans;
mod out_of_memory;
mod port;
mod readiness;
mod restart;
mod signal_mask;
mod soak;
mod stop;
mod success_codes;
