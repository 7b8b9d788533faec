//! The loader: installs tools while the service already runs. The only writer of the tool
//! directory; everything it says goes out as events.
//!
//! `observe` looks at what is there, `lightship_model::plan` decides what to do,
//! `lightship_model::schedule` in which order, and `run` does it: one thread an attempt, all
//! reporting to one loop.

pub mod archive;
pub mod care;
mod clock;
mod confine;
mod error;
mod fault;
mod fetch;
mod install;
mod lock;
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
use lightship_model::volume::Volume;

pub use self::confine::confinement;
pub use self::error::LoaderError;
pub use self::fetch::http;
pub use self::install::process::stop_all;
pub use self::lock::{LockOutcome, LockRequest, lock};
pub use self::options::{Options, default_dir};
pub use self::part::main_run;
pub use self::run::{Summary, run};
pub use self::store::volume::secure_local;
use crate::store::ToolDir;
use crate::store::volume::{is_ours, roots, settle};

/// Files that are replaced as a whole, for others who write such.
pub mod files {
    pub use crate::store::atomic::{beside, is_aside, replace, sync_dir};
}

/// Where events go.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// Makes the tool directory at `dir` with all that belongs in it, or, where tools can't live on
/// its volume, the local directory; says what the volume is. With `strict` only the directory
/// itself will do.
///
/// # Errors
/// When it can't; [`LoaderError::help`] says what to do.
pub fn prepare(dir: &Path, strict: bool) -> Result<Volume, LoaderError> {
    let places = settle(dir);
    match &places.report.why {
        Some(why) if strict => Err(LoaderError::Unusable {
            path: dir.to_owned(),
            source: std::io::Error::other(why.clone()),
        }),
        _ => Ok(places.report),
    }
}

/// How each tool of `manifest` stands in the directory `dir` right now. Changes nothing.
///
/// # Errors
/// When the directory is there and can't be read.
pub fn snapshot(manifest: &Manifest, dir: &Path) -> Result<Vec<PlannedTool>, LoaderError> {
    observe::snapshot(manifest, dir)
}

/// Where the output of a tool's installers is kept: the newest, where the local directory has
/// one as well.
pub fn log_path(dir: &Path, tool: &ToolName) -> PathBuf {
    let roots = roots(dir);
    let local = PathBuf::from(roots.local_tools());
    let written = |path: &PathBuf| path.metadata().and_then(|found| found.modified()).ok();
    let own = ToolDir::at(dir).log(tool);
    let elsewhere = ToolDir::at(&local).log(tool);
    let ours = is_ours(Path::new(&roots.local));
    if ours && written(&elsewhere) > written(&own) { elsewhere } else { own }
}

/// Unpacks an archive, as the order in the file `order` says: the hidden sub-command `__unpack`,
/// with which the loader runs itself as a confined child. Gives the exit code.
pub fn main_unpack(order: &Path) -> u8 {
    fetch::archive::main_unpack(order)
}

#[cfg(any(test, fuzzing))]
pub mod fuzz;

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
