//! Bars: a live picture on the terminal, with the service's own output running above it.
//!
//! What the picture shows is `screen`'s business; here it is put onto the terminal, at most
//! twelve times a second and not at all while nothing moves.

use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lightship_model::event::Event;
use lightship_model::state::ToolStatus;
use lightship_model::status::ToolView;

use super::scene::Scene;
use super::screen::{self, Frame};
use super::{Stream, View};

/// Between two pictures.
const PAUSE: Duration = Duration::from_millis(80);
/// More than we draw: we keep the pace, and no picture may be lost to indicatif's own limit.
const MAX_HZ: u8 = 100;

/// Draws on standard error.
#[derive(Debug)]
pub(super) struct Bars {
    /// A "bar" of several lines: indicatif's part is to move it down and to redraw it.
    picture: ProgressBar,
    colour: bool,
    /// The service's output since the last picture.
    output: Vec<(Stream, Vec<u8>)>,
    drawn: Option<Instant>,
    changed: bool,
    /// The tools have come to their end and stand above the picture.
    settled: bool,
}

impl Bars {
    pub(super) fn new(colour: bool) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(MAX_HZ);
        let picture = ProgressBar::with_draw_target(None, target);
        // A style that can't be wrong: without it, indicatif would show its own bar.
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            picture.set_style(style);
        }
        Self { picture, colour, output: Vec::new(), drawn: None, changed: true, settled: false }
    }

    fn frame(&self) -> Frame {
        let (height, width) = Term::stderr().size();
        Frame {
            now: SystemTime::now().into(),
            width: usize::from(width),
            height: usize::from(height),
            colour: self.colour,
        }
    }

    /// Prints what belongs above the picture: the service's output, then `lines`.
    fn print(&mut self, lines: &[String]) -> io::Result<()> {
        if self.output.is_empty() && lines.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        self.picture.suspend(|| write_all(&output, lines))
    }
}

fn write_all(output: &[(Stream, Vec<u8>)], lines: &[String]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut stderr = io::stderr().lock();
    for (stream, text) in output {
        match stream {
            Stream::Out => stdout.write_all(text)?,
            Stream::Err => {
                stdout.flush()?;
                stderr.write_all(text)?;
            }
        }
    }
    stdout.flush()?;
    for line in lines {
        writeln!(stderr, "{line}")?;
    }
    stderr.flush()
}

impl View for Bars {
    fn event(&mut self, _: &Scene, _: &Event) -> io::Result<()> {
        self.changed = true;
        Ok(())
    }

    fn note(&mut self, _: &Scene, _: &str) -> io::Result<()> {
        self.changed = true;
        Ok(())
    }

    fn output(&mut self, stream: Stream, line: Vec<u8>) {
        self.output.push((stream, line));
        self.changed = true;
    }

    fn next_draw(&self, scene: &Scene) -> Option<Duration> {
        let installing = |tool: &ToolView| tool.change.status == ToolStatus::Installing;
        let service = &scene.status.service;
        let starting = service.pid.is_some() && service.ready_since.is_none();
        let moving = starting || scene.status.tools.values().any(installing);
        let since = self.drawn.map_or(PAUSE, |drawn| drawn.elapsed());
        (self.changed || moving).then(|| PAUSE.saturating_sub(since))
    }

    fn draw(&mut self, scene: &Scene) -> io::Result<()> {
        let frame = self.frame();
        let tools = if scene.is_settled() && !self.settled {
            self.settled = true;
            screen::settled(scene, frame)
        } else {
            Vec::new()
        };
        self.print(&tools)?;
        self.picture.set_message(screen::live(scene, frame, self.settled).join("\n"));
        self.picture.tick();
        self.drawn = Some(Instant::now());
        self.changed = false;
        Ok(())
    }

    fn finish(&mut self, scene: &Scene) -> io::Result<()> {
        let lines = screen::live(scene, self.frame(), self.settled);
        self.print(&[])?;
        self.picture.finish_and_clear();
        write_all(&[], &lines)
    }
}
