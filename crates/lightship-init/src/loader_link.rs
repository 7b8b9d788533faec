//! The two pipes to a running loader: events come, commands go.

use std::io::{self, Read as _};
use std::process::{Child, ChildStdin, ChildStdout};

use lightship_model::event::{Event, What};
use rustix::io::ioctl_fionbio;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::lines::{Line, Lines};
use crate::sys;

/// How much is read from a loader that has ended: what a pipe holds, and plenty more.
const LAST_WORDS: usize = 4 * 1024 * 1024;

/// The pipes of one run of the loader. Dropping them ends a loader that still lives: it notices
/// the end of its input.
#[derive(Debug)]
pub(crate) struct LoaderLink {
    events: AsyncFd<ChildStdout>,
    _commands: Option<ChildStdin>,
    lines: Lines,
    /// It has already been said that this loader writes rubbish.
    told: bool,
}

impl LoaderLink {
    /// Takes the pipes of a loader that was just started.
    pub(crate) fn new(child: &mut Child) -> io::Result<Self> {
        let events = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        ioctl_fionbio(&events, true)?;
        Ok(Self {
            events: sys::watch(events, Interest::READABLE)?,
            _commands: child.stdin.take(),
            lines: Lines::default(),
            told: false,
        })
    }

    /// Waits for events. An error means that no more will come.
    pub(crate) async fn next(&mut self) -> io::Result<Vec<What>> {
        let mut buffer = [0; 8 * 1024];
        loop {
            let mut ready = self.events.readable_mut().await?;
            match ready.get_inner_mut().read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => return Ok(self.take(buffer.get(..length).unwrap_or_default())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What a loader that has ended had still to say. Its children may hold the pipe open, so
    /// its end is not waited for.
    pub(crate) fn last_words(mut self) -> Vec<What> {
        let mut buffer = [0; 8 * 1024];
        let mut said = Vec::new();
        let mut total = 0;
        while total < LAST_WORDS {
            match self.events.get_mut().read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(length) => {
                    total += length;
                    said.extend(self.take(buffer.get(..length).unwrap_or_default()));
                }
            }
        }
        said
    }

    fn take(&mut self, bytes: &[u8]) -> Vec<What> {
        let mut said = Vec::new();
        for line in self.lines.push(bytes) {
            match understand(line) {
                Some(what) => said.push(what),
                None if self.told => {}
                None => {
                    self.told = true;
                    let message = "the loader wrote lines that are no events of this version: \
                                   they are dropped";
                    said.push(What::Warning { message: message.to_owned() });
                }
            }
        }
        said
    }
}

/// The event in a line, if it is one that a loader may tell.
fn understand(line: Line) -> Option<What> {
    let Line::Text(text) = line else { return None };
    let what = Event::from_line(&text)?.what;
    match what {
        What::Plan { .. }
        | What::Tool(_)
        | What::Progress { .. }
        | What::LoadComplete { .. }
        | What::Warning { .. } => Some(what),
        What::HealthListening { .. }
        | What::ServiceStarted { .. }
        | What::ServiceReady { .. }
        | What::ServiceLate { .. }
        | What::ServiceExited { .. }
        | What::ServiceFailed { .. }
        | What::LoaderStarted { .. }
        | What::LoaderExited { .. }
        | What::Stopping { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(json: &str) -> Line {
        Line::Text(format!("{{\"at\":\"2026-02-04T11:00:00Z\",{json}}}"))
    }

    #[test]
    fn a_loader_speaks_for_tools_alone() {
        let tool = line("\"event\":\"tool\",\"name\":\"x\",\"status\":\"installed\"");
        assert!(understand(tool).is_some());
        assert_eq!(understand(line("\"event\":\"service-ready\",\"pid\":1,\"afterMs\":1")), None);
        assert_eq!(understand(Line::Text("Compiling x".to_owned())), None);
        assert_eq!(understand(Line::Unusable), None);
    }
}
