//! JSON: each event as it is, a line each, on standard output.

use std::io::{self, Write};
use std::time::Duration;

use lightship_model::event::Event;

use super::scene::Scene;
use super::{Stream, View};

/// Writes events as lines of JSON.
#[derive(Debug)]
pub(super) struct Json<W> {
    to: W,
}

impl<W: Write> Json<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to }
    }
}

impl<W: Write> View for Json<W> {
    fn event(&mut self, _: &Scene, event: &Event) -> io::Result<()> {
        self.to.write_all(event.to_line().as_bytes())?;
        self.to.flush()
    }

    fn note(&mut self, _: &Scene, _: &str) -> io::Result<()> {
        Ok(())
    }

    /// Never called: the service's outputs go to standard error without a detour.
    fn output(&mut self, _: Stream, _: Vec<u8>) {}

    fn next_draw(&self, _: &Scene) -> Option<Duration> {
        None
    }

    fn draw(&mut self, _: &Scene) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Scene) -> io::Result<()> {
        Ok(())
    }
}
