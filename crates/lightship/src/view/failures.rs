//! Failures alone, a line each: for whoever only waits for something, and whose standard error
//! belongs to a program that comes after.

use std::io::{self, Write};
use std::time::Duration;

use lightship_model::event::{Event, What};
use lightship_model::state::ToolStatus;

use super::lines::Lines;
use super::scene::Scene;
use super::{Stream, View};

/// Writes what went wrong.
#[derive(Debug)]
pub(crate) struct Failures<W> {
    lines: Lines<W>,
}

impl<W: Write> Failures<W> {
    pub(crate) fn new(to: W) -> Self {
        Self { lines: Lines::new(to) }
    }
}

impl<W: Write> View for Failures<W> {
    fn event(&mut self, scene: &Scene, event: &Event) -> io::Result<()> {
        let wrong = match &event.what {
            What::Tool(change) => matches!(change.status, ToolStatus::Failed | ToolStatus::Skipped),
            What::Warning { .. } => true,
            _ => false,
        };
        if wrong { self.lines.event(scene, event) } else { Ok(()) }
    }

    fn note(&mut self, scene: &Scene, text: &str) -> io::Result<()> {
        self.lines.note(scene, text)
    }

    fn output(&mut self, stream: Stream, line: Vec<u8>) {
        self.lines.output(stream, line);
    }

    fn next_draw(&self, _: &Scene) -> Option<Duration> {
        None
    }

    fn draw(&mut self, _: &Scene) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, scene: &Scene) -> io::Result<()> {
        self.lines.finish(scene)
    }
}
