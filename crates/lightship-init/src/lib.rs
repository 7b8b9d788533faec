//! PID 1 of a lightship container: it answers health within the first millisecond, runs the
//! service, and starts the loader beside it. It knows processes and answers questions; it
//! touches no archive and no network but its own port.
//!
//! One thread, one `poll`. [`supervisor`] decides, `runtime` performs, `reaper` alone waits for
//! processes, and `sys::spawn` alone starts them. `lightship up` uses the same parts as its
//! child.

pub mod address;
pub mod client;
mod config;
pub mod control;
mod counters;
pub mod ctl;
mod error;
mod feed;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod http;
mod lines;
mod loader_link;
mod local;
mod log;
mod log_reader;
mod logs;
mod notify;
pub mod on_demand;
mod oom;
mod options;
mod poller;
mod probe;
mod process;
mod processes;
mod reach;
mod reaper;
mod runtime;
pub mod screen;
pub mod shim;
mod signal;
mod signals;
pub mod supervisor;
mod sys;
mod terminal;
mod view;

use std::panic::{AssertUnwindSafe, catch_unwind};

use lightship_model::exit;

pub use self::config::{Config, ConfigError, Control, Reload, Reloaded, inherited_events};
pub use self::http::Details;
pub use self::log_reader::print_tail;
pub use self::options::InitOptions;
pub use self::signal::Signal;
pub use self::sys::{Runtime, undo_runtime};

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

/// Prepares a process without the standard library's own preparations, which cost time and
/// change what children inherit. To be called first thing in `main`, once.
pub fn prepare_bare() {
    sys::fill_standard_descriptors();
    // Where a panic ends the process at once, it still has to end it with the code for a bug:
    // an abort of PID 1 looks like a fault of the service.
    std::panic::set_hook(Box::new(|panic| {
        log::line(&format!("{panic}"));
        sys::end_at_once(exit::INTERNAL);
    }));
}
