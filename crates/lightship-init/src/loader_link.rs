//! The two pipes to a running loader: events come, commands go.

use std::io;
use std::os::fd::OwnedFd;

use lightship_model::event::{Event, LoaderCommand, What};
use rustix::io::{Errno, ioctl_fionbio, read, write};

use crate::lines::{Line, Lines};
use crate::poller::{Poller, Slot, Wanted};

/// How much is read from a loader that has ended: what a pipe holds, and plenty more.
const LAST_WORDS: usize = 4 * 1024 * 1024;
/// How many bytes of commands wait for a loader that does not read.
const COMMANDS: usize = 64 * 1024;

/// The pipes of one run of the loader. Dropping them ends a loader that still lives: it notices
/// the end of its input.
#[derive(Debug)]
pub(crate) struct LoaderLink {
    /// Nothing once it closed its output.
    events: Option<OwnedFd>,
    commands: OwnedFd,
    /// Commands on their way.
    outgoing: Vec<u8>,
    lines: Lines,
    /// It has already been said that this loader writes rubbish.
    told: bool,
    from: Option<Slot>,
    to: Option<Slot>,
}

/// The loader's ends, to be closed here once it has them.
#[derive(Debug)]
pub(crate) struct LoaderEnds {
    pub(crate) stdin: OwnedFd,
    pub(crate) stdout: OwnedFd,
}

impl LoaderLink {
    /// Both ends of the pipes for a loader that is about to start.
    pub(crate) fn new() -> io::Result<(Self, LoaderEnds)> {
        let (events, stdout) = io::pipe()?;
        let (stdin, commands) = io::pipe()?;
        ioctl_fionbio(&events, true)?;
        ioctl_fionbio(&commands, true)?;
        let link = Self {
            events: Some(events.into()),
            commands: commands.into(),
            outgoing: Vec::new(),
            lines: Lines::default(),
            told: false,
            from: None,
            to: None,
        };
        Ok((link, LoaderEnds { stdin: stdin.into(), stdout: stdout.into() }))
    }

    pub(crate) fn watch(&mut self, poller: &mut Poller) {
        self.from = self.events.as_ref().map(|events| poller.watch(events, Wanted::Read));
        let waits = !self.outgoing.is_empty();
        self.to = waits.then(|| poller.watch(&self.commands, Wanted::Write));
    }

    /// What the loader has said, a piece at a time: one that writes without end must hold up
    /// nothing else.
    pub(crate) fn turn(&mut self, poller: &Poller) -> Vec<What> {
        if self.to.is_some_and(|slot| poller.ready(slot).any()) {
            self.send_on();
        }
        if self.from.is_some_and(|slot| poller.ready(slot).any()) { self.hear() } else { vec![] }
    }

    /// Sends a command, as soon as the loader reads. False when too many wait already.
    pub(crate) fn command(&mut self, command: &LoaderCommand) -> bool {
        // Strings always serialise.
        let line = serde_json::to_string(command).unwrap_or_default();
        let fits = self.outgoing.len() + line.len() < COMMANDS;
        if fits {
            self.outgoing.extend(line.bytes().chain([b'\n']));
            self.send_on();
        }
        fits
    }

    fn send_on(&mut self) {
        while !self.outgoing.is_empty() {
            match write(&self.commands, &self.outgoing) {
                Ok(written) => {
                    self.outgoing.drain(..written);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // It closed its input: that it ends is told by its end.
                Err(_) => self.outgoing.clear(),
            }
        }
    }

    fn hear(&mut self) -> Vec<What> {
        let Some(events) = &self.events else { return Vec::new() };
        let mut buffer = [0; 8 * 1024];
        match read(events, &mut buffer) {
            Ok(length) if length > 0 => self.take(buffer.get(..length).unwrap_or_default()),
            Err(Errno::AGAIN | Errno::INTR) => Vec::new(),
            // It closed its output; that it ends is told by its end.
            Ok(_) | Err(_) => {
                self.events = None;
                Vec::new()
            }
        }
    }

    /// What a loader that has ended had still to say. Its children may hold the pipe open, so
    /// its end is not waited for.
    pub(crate) fn last_words(mut self) -> Vec<What> {
        let mut buffer = [0; 8 * 1024];
        let mut said = Vec::new();
        let mut total = 0;
        while let Some(events) = &self.events
            && total < LAST_WORDS
        {
            match read(events, &mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(length) => {
                    total += length;
                    said.extend(self.take(buffer.get(..length).unwrap_or_default()));
                }
            }
        }
        said
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<What> {
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

/// The event in a line, if it is one that a loader may tell. Its texts are cut: they are kept.
fn understand(line: Line) -> Option<What> {
    let Line::Text(text) = line else { return None };
    let what = Event::from_line(&text)?.what;
    match what {
        What::Plan { .. }
        | What::Confinement(_)
        | What::Volume(_)
        | What::Tool(_)
        | What::Progress { .. }
        | What::LoadComplete { .. }
        | What::Warning { .. } => Some(what.cut()),
        What::HealthListening { .. }
        | What::ServiceStarted { .. }
        | What::ServiceReady { .. }
        | What::ServiceLate { .. }
        | What::ServiceFaulted { .. }
        | What::ServiceExited { .. }
        | What::ServiceFailed { .. }
        | What::LoaderStarted { .. }
        | What::LoaderExited { .. }
        | What::Stopping { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use lightship_model::event::MAX_WORDS;

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

    #[test]
    fn what_a_loader_says_is_remembered_within_bounds() {
        let message = "x".repeat(60_000);
        let long = line(&format!("\"event\":\"warning\",\"message\":\"{message}\""));
        let Some(What::Warning { message }) = understand(long) else { panic!() };
        assert_eq!(message.len(), MAX_WORDS);
    }

    #[test]
    fn a_loader_that_does_not_read_costs_a_bounded_amount() {
        let (mut link, ends) = LoaderLink::new().unwrap();
        let tool = "x".parse().unwrap();
        let command = LoaderCommand::Promote { tool, needed_by: None, by: None };
        let taken = (0..100_000).take_while(|_| link.command(&command)).count();
        assert!(taken < 10_000, "{taken}");
        drop(ends);
        link.send_on();
        assert!(link.outgoing.is_empty());
    }
}
