//! PID 1 of a lightship container: it answers health within the first millisecond, runs the
//! service, and starts the loader beside it. It knows processes and answers questions; it
//! touches no archive and no network but its own port.
//!
//! One thread. [`supervisor`] decides, `runtime` performs, `reaper` alone waits for processes,
//! and `process` alone forks. `lightship up` uses the same parts as its child.

pub mod address;
pub mod client;
mod config;
mod error;
mod feed;
mod group;
mod http;
mod lines;
mod loader_link;
mod log;
mod logs;
mod notify;
mod poller;
mod probe;
mod process;
mod processes;
mod reaper;
mod runtime;
pub mod screen;
mod signals;
pub mod supervisor;
mod sys;
mod view;

use std::panic::{AssertUnwindSafe, catch_unwind};

use lightship_model::exit;

pub use self::config::{Config, ConfigError, inherited_events};

/// Runs the service and all that belongs to it, until the end; returns the exit code. What went
/// wrong before the service could be started is on standard error.
pub fn run(config: Config) -> u8 {
    // A bug must end with the code for one, and with what the service needs said on the way out.
    match catch_unwind(AssertUnwindSafe(|| runtime::run(config))) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            screen::show(&error, error.help());
            error.code()
        }
        Err(_panic) => exit::INTERNAL,
    }
}
