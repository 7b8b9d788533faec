//! Bars: a live picture on the terminal, with the service's own output running above it.
//!
//! What the picture shows is `screen`'s business; here it is put onto the terminal, at most
//! twelve times a second and not at all while nothing moves.

use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use console::Term;
use lightship_model::event::Event;
use lightship_model::state::ToolStatus;
use lightship_model::status::ToolView;

use super::picture::Picture;
use super::scene::Scene;
use super::screen::{self, Frame};
use super::{Stream, View};

/// Between two pictures.
const PAUSE: Duration = Duration::from_millis(80);

/// Draws on standard error.
#[derive(Debug)]
pub(super) struct Bars {
    picture: Picture,
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
        Self {
            picture: Picture::default(),
            colour,
            output: Vec::new(),
            drawn: None,
            changed: true,
            settled: false,
        }
    }

    fn frame(&self) -> Frame {
        let (height, width) = Term::stderr().size();
        Frame {
            now: SystemTime::now().into(),
            // A line that fills the last column behaves differently on each terminal.
            width: usize::from(width).saturating_sub(1),
            height: usize::from(height),
            colour: self.colour,
        }
    }

    /// Puts `lines` at the bottom, below the service's output since the last time and `above`.
    fn show(&mut self, above: &[String], lines: &[String], columns: usize) -> io::Result<()> {
        let mut stderr = io::stderr().lock();
        if !self.output.is_empty() || !above.is_empty() {
            stderr.write_all(self.picture.erase(columns).as_bytes())?;
            print(&mut stderr, &std::mem::take(&mut self.output))?;
            for line in above {
                writeln!(stderr, "{line}")?;
            }
        }
        stderr.write_all(self.picture.draw(lines, columns).as_bytes())?;
        stderr.flush()
    }
}

/// Prints the service's output, each line to the stream that it came from.
fn print(stderr: &mut impl Write, output: &[(Stream, Vec<u8>)]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for (stream, text) in output {
        match stream {
            Stream::Out => stdout.write_all(text)?,
            Stream::Err => {
                stdout.flush()?;
                stderr.write_all(text)?;
            }
        }
    }
    stdout.flush()
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
        let lines = screen::live(scene, frame, self.settled);
        self.show(&tools, &lines, frame.width)?;
        self.drawn = Some(Instant::now());
        self.changed = false;
        Ok(())
    }

    fn finish(&mut self, scene: &Scene) -> io::Result<()> {
        self.draw(scene)
    }
}
