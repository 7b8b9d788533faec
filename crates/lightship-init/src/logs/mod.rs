//! What the service prints, where lightship has a hand in it: with a prefix, as JSON, or looked
//! through for the line that says it is ready. Memory is bounded, and nothing waits: neither
//! PID 1, nor the service for a reader that is stuck.

mod channel;
mod format;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod matcher;
mod pieces;
mod queue;
mod sink;

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use lightship_model::manifest::LogMode;
use lightship_model::time::Timestamp;

pub(crate) use self::format::Stream;
#[cfg(any(test, fuzzing))]
pub(crate) use self::fuzz::lines as fuzz_lines;

use self::channel::Channel;
use self::format::Format;
use self::matcher::Matcher;
use crate::poller::Poller;

/// The streams of the service, over all its runs.
#[derive(Debug)]
pub(crate) struct Logs {
    format: Format,
    channels: [Channel; 2],
    /// The text that says that the service is ready.
    ready: Option<Matcher>,
}

impl Logs {
    /// Logs of the service that `command` runs, into lightship's own standard output and error.
    /// Nothing, when what it prints is no concern of lightship's.
    pub(crate) fn new(mode: LogMode, command: &[String], ready: Option<&str>) -> Option<Self> {
        if mode == LogMode::Inherit && ready.is_none() {
            return None;
        }
        let channels = [
            Channel::new(Stream::Out, io::stdout().as_fd()),
            Channel::new(Stream::Err, io::stderr().as_fd()),
        ];
        let program = command.first().map_or("", String::as_str);
        let name = program.rsplit('/').next().unwrap_or_default();
        let format = Format { mode, process: name.to_owned() };
        Some(Self { format, channels, ready: ready.map(Matcher::new) })
    }

    /// Makes the pipes for a new run of the service.
    pub(crate) fn begin(&mut self, now: Duration, at: Timestamp) -> io::Result<()> {
        for channel in &mut self.channels {
            channel.begin(&self.format, now, at)?;
        }
        Ok(())
    }

    /// Looks for the text that says "ready" from now on.
    pub(crate) fn look(&mut self, now: Duration, at: Timestamp) {
        for channel in &mut self.channels {
            channel.look(self.ready.clone(), &self.format, now, at);
        }
    }

    /// What the service and its hooks get as standard output and error.
    pub(crate) fn outputs(&self) -> Option<[BorrowedFd<'_>; 2]> {
        let [out, err] = &self.channels;
        Some([out.writer()?, err.writer()?])
    }

    pub(crate) fn watch(&mut self, poller: &mut Poller) {
        for channel in &mut self.channels {
            channel.watch(poller);
        }
    }

    /// Watches only what is written to.
    pub(crate) fn watch_sinks(&self, poller: &mut Poller) {
        for channel in &self.channels {
            channel.watch_sink(poller);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.channels.iter().filter_map(Channel::deadline).min()
    }

    /// Moves what is there. Whether the line that says "ready" was among it.
    pub(crate) fn turn(&mut self, poller: &Poller, now: Duration, at: Timestamp) -> bool {
        let [out, err] = &mut self.channels;
        let seen = out.turn(&self.format, poller, now, at);
        err.turn(&self.format, poller, now, at) || seen
    }

    /// Takes note that the service has ended.
    pub(crate) fn ended(&mut self, now: Duration, at: Timestamp) {
        for channel in &mut self.channels {
            channel.ended(&self.format, now, at);
        }
    }

    /// A line of lightship's own, in the look of the others, to standard error.
    pub(crate) fn say(&mut self, text: &str, at: Timestamp) {
        let [_, err] = &mut self.channels;
        err.say(&self.format, text, at);
    }

    /// Lines dropped since lightship started.
    pub(crate) fn dropped(&self, stream: Stream) -> u64 {
        let [out, err] = &self.channels;
        match stream {
            Stream::Out => out.dropped(),
            Stream::Err => err.dropped(),
        }
    }

    /// Moves what is left when everything ends. Whether nothing is left.
    pub(crate) fn flush(&mut self, now: Duration, at: Timestamp) -> bool {
        let [out, err] = &mut self.channels;
        let flushed = out.flush(&self.format, now, at);
        err.flush(&self.format, now, at) && flushed
    }
}
