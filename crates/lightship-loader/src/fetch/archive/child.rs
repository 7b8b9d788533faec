//! The two sides of unpacking in a process of its own: who orders it, and who does it.

use std::io::{self, Write as _};
use std::path::Path;

use lightship_model::exit;
use serde::{Deserialize, Serialize};

use super::{Order, unpack as work};
use crate::install::progress::Reporter;
use crate::install::{InstallError, Job};
use crate::source::deb::unpack as debs;
use crate::store::{disk as fs, strays};

/// The hidden sub-command of every program that has the loader in it.
const COMMAND: &str = "__unpack";
const LIBRARIES: &str = "LD_LIBRARY_PATH";
/// Before the one line that says why it did not work.
const FAULT: &str = "can't unpack: ";

/// What the child is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Errand {
    Archive(Order),
    Debs(debs::Order),
}

/// Unpacks an archive as `order` says, in a child that is confined as any installer.
pub(crate) fn unpack(job: &mut Job<'_>, order: &Order) -> Result<(), InstallError> {
    send(job, &Errand::Archive(order.clone()), "the artefact", |_, _| {})
}

/// Unpacks Debian packages in such a child. `seen` gets what it prints.
pub(crate) fn unpack_debs(
    job: &mut Job<'_>,
    order: &debs::Order,
    seen: impl FnMut(&Reporter, &str),
) -> Result<(), InstallError> {
    send(job, &Errand::Debs(order.clone()), "its packages", seen)
}

/// Has the child unpack `file`, as errors call it.
fn send(
    job: &mut Job<'_>,
    errand: &Errand,
    file: &str,
    mut seen: impl FnMut(&Reporter, &str),
) -> Result<(), InstallError> {
    let path = job.stage_dir("unpack")?.join("order.json");
    let text = serde_json::to_vec(errand).unwrap_or_default();
    fs::write(&path, text).map_err(InstallError::io("write", &path))?;
    let mut command = job.command("/proc/self/exe", "is /proc mounted?")?;
    // Nothing of the tool's own environment (a preloaded library!) is meant for this program.
    command.env_clear().env(strays::MARK, &job.stage);
    // Where this program found its own libraries.
    command.envs(std::env::var_os(LIBRARIES).map(|path| (LIBRARIES, path)));
    command.arg(COMMAND).arg(&path);
    let mut fault = None;
    let ended = job.run(command, "unpack", |reporter, line| match line.strip_prefix(FAULT) {
        Some(reason) => fault = Some(reason.to_owned()),
        None => seen(reporter, line),
    });
    crate::fault::point("unpacked");
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
    let read = || Ok::<Errand, io::Error>(serde_json::from_slice(&fs::read(path)?)?);
    let perform = |errand| match errand {
        Errand::Archive(order) => work::run(&order),
        Errand::Debs(order) => order.run(),
    };
    match read().and_then(perform) {
        Ok(()) => exit::OK,
        Err(error) => {
            let line = format!("{FAULT}{}\n", error.to_string().replace('\n', " "));
            // With nobody to tell, the exit code still does.
            drop(io::stderr().write_all(line.as_bytes()));
            exit::NO
        }
    }
}
