//! The loader: installs tools while the service already runs. The only writer of the tool
//! directory; everything it says goes out as events.
//!
//! `observe` looks at what is there, `lightship_model::plan` decides what to do,
//! `lightship_model::schedule` in which order, and `run` does it: one thread an attempt, all
//! reporting to one loop.

pub mod care;
mod clock;
mod error;
mod fault;
mod fetch;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod install;
mod observe;
mod options;
mod part;
mod platform;
mod python;
mod room;
mod run;
mod source;
mod store;
mod sys;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lightship_model::event::{Event, PlannedTool, What};
use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;

pub use self::error::LoaderError;
pub use self::install::process::stop_all;
pub use self::options::{Options, default_dir};
pub use self::part::main_run;
pub use self::run::{Summary, run};
use crate::store::ToolDir;

/// Where events go.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// Makes the tool directory at `dir` with all that belongs in it, and probes that it can hold
/// tools.
///
/// # Errors
/// When it can't; [`LoaderError::help`] says what to do.
pub fn prepare(dir: &Path) -> Result<(), LoaderError> {
    ToolDir::prepare(dir).map(|_| ())
}

/// How each tool of `manifest` stands in the directory `dir` right now. Changes nothing.
///
/// # Errors
/// When the directory is there and can't be read.
pub fn snapshot(manifest: &Manifest, dir: &Path) -> Result<Vec<PlannedTool>, LoaderError> {
    observe::snapshot(manifest, dir)
}

/// Where the output of a tool's installers is kept.
pub fn log_path(dir: &Path, tool: &ToolName) -> PathBuf {
    ToolDir::at(dir).log(tool)
}

pub(crate) fn warn(sink: &Sink, message: String) {
    sink(Event::new(clock::now(), What::Warning { message }));
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
