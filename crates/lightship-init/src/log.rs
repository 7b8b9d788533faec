//! A few lines on standard error for the container's log, where nobody reads the events.

use std::io::{self, IoSlice, Write as _};
use std::os::fd::AsFd as _;

use lightship_model::event::What;
use rustix::io::{Errno, ReadWriteFlags, pwritev2};

use crate::sys;

/// Lines are cut here: a pipe takes this much at once or not at all.
const LIMIT: usize = 4000;
/// The offset that means "where it stands".
const HERE: u64 = u64::MAX;

/// Writes `text` to standard error, or drops it when that would have to be waited for.
pub(crate) fn line(text: &str) {
    let mut line = String::from("lightship-init: ");
    line.extend(text.chars().map(|c| if c == '\n' { ' ' } else { c }).take(LIMIT / 4));
    line.push('\n');
    let stderr = io::stderr();
    if !sys::is_writable(stderr.as_fd()) {
        return;
    }
    // Somebody else may have filled it since it was asked whether there is room.
    let nowait = pwritev2(&stderr, &[IoSlice::new(line.as_bytes())], HERE, ReadWriteFlags::NOWAIT);
    // Where the kernel can't promise not to wait, having asked has to do. A log that can't be
    // written must not end the container.
    if let Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::SPIPE | Errno::INVAL) = nowait {
        stderr.lock().write_all(line.as_bytes()).unwrap_or_default();
    }
}

/// What the container's log says of an event; most of them, nothing.
pub(crate) fn text(what: &What) -> Option<String> {
    match what {
        What::ServiceFailed { error } => Some(error.clone()),
        What::ServiceExited { exit, restart_in_ms: Some(in_ms) } => {
            Some(format!("the service ended with {exit}; it is started again in {in_ms} ms"))
        }
        What::ServiceLate { after_ms } => {
            Some(format!("the service is not ready after {after_ms} ms"))
        }
        // Without a restart, a warning says why.
        What::LoaderExited { exit, restart_in_ms: Some(in_ms) } => {
            Some(format!("the loader ended with {exit}; it is started again in {in_ms} ms"))
        }
        What::Warning { message } | What::ServiceFaulted { message, .. } => Some(message.clone()),
        What::HealthListening { .. }
        | What::ServiceStarted { .. }
        | What::ServiceReady { .. }
        | What::ServiceExited { .. }
        | What::LoaderStarted { .. }
        | What::LoaderExited { .. }
        | What::Stopping { .. }
        | What::Plan { .. }
        | What::Confinement(_)
        | What::Volume(_)
        | What::Tool(_)
        | What::Progress { .. }
        | What::LoadComplete { .. } => None,
    }
}
