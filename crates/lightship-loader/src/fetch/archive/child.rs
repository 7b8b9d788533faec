//! The two sides of unpacking in a process of its own: who orders it, and who does it.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use lightship_model::exit;

use super::{Order, unpack as work};
use crate::install::{InstallError, Job};
use crate::store::strays;

/// The hidden sub-command of every program that has the loader in it.
const COMMAND: &str = "__unpack";
/// Before the one line that says why it did not work.
const FAULT: &str = "can't unpack: ";

/// Unpacks as `order` says, in a child that is confined as any installer.
pub(crate) fn unpack(job: &mut Job<'_>, order: &Order) -> Result<(), InstallError> {
    let path = job.stage_dir("unpack")?.join("order.json");
    let text = serde_json::to_vec(order).unwrap_or_default();
    fs::write(&path, text).map_err(InstallError::io("write", &path))?;
    let mut command = job.command("/proc/self/exe", "is /proc mounted?")?;
    // Nothing of the tool's own environment (a preloaded library!) is meant for this program.
    command.env_clear().env(strays::MARK, &job.stage);
    command.arg(COMMAND).arg(&path);
    let mut fault = None;
    let ended = job.run(command, "unpack", |_, line| {
        if let Some(reason) = line.strip_prefix(FAULT) {
            fault = Some(reason.to_owned());
        }
    });
    let file = "the artefact";
    match (ended, fault) {
        (Err(InstallError::Exit { .. }), Some(reason)) => {
            Err(InstallError::Archive { file: file.to_owned(), reason })
        }
        (Err(InstallError::Exit { exit, excerpt, .. }), None) => {
            Err(InstallError::Exit { what: format!("unpacking {file}"), exit, excerpt })
        }
        (Err(InstallError::TimedOut { after, .. }), _) => {
            Err(InstallError::TimedOut { what: format!("unpacking {file}"), after })
        }
        (ended, _) => ended,
    }
}

/// The child: carries out the order in the file `path`, and gives its exit code.
pub(crate) fn main_unpack(path: &Path) -> u8 {
    let read = || Ok::<Order, io::Error>(serde_json::from_slice(&fs::read(path)?)?);
    match read().and_then(|order| work::run(&order)) {
        Ok(()) => exit::OK,
        Err(error) => {
            let line = format!("{FAULT}{}\n", error.to_string().replace('\n', " "));
            // With nobody to tell, the exit code still does.
            drop(io::stderr().write_all(line.as_bytes()));
            exit::NO
        }
    }
}
