//! Views: what a person or a program sees of running parts. Each is a consumer of events and
//! knows nothing of processes: bars on a terminal, lines in a log, JSON for programs.

mod activity;
mod bars;
pub(crate) mod failures;
mod json;
mod line;
mod lines;
mod picture;
pub(crate) mod scene;
mod screen;
mod summary;
mod words;

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::ValueEnum;
use lightship_model::event::Event;

use self::scene::Scene;
use crate::out::takes_colour;

/// How running parts are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Progress bars on a terminal, lines elsewhere
    #[default]
    Auto,
    /// A line for each thing that happens
    Text,
    /// A JSON object a line on standard output, and nothing else there
    Json,
}

/// Which of the service's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// A consumer of events.
///
/// An error means that nobody can see it any more: its pipe or terminal is gone.
pub(crate) trait View {
    /// `event` has happened and is already in `scene`.
    fn event(&mut self, scene: &Scene, event: &Event) -> io::Result<()>;

    /// Something in `scene` changed without an event: a stop was asked for.
    fn note(&mut self, scene: &Scene, text: &str) -> io::Result<()>;

    /// The service wrote `line` (with its newline).
    fn output(&mut self, stream: Stream, line: Vec<u8>);

    /// After which time [`View::draw`] is wanted; nothing while nothing moves.
    fn next_draw(&self, scene: &Scene) -> Option<Duration>;

    /// Draws what has changed.
    fn draw(&mut self, scene: &Scene) -> io::Result<()>;

    /// Everything is over: leaves behind what should stay.
    fn finish(&mut self, scene: &Scene) -> io::Result<()>;
}

/// A way of showing, and what the service's outputs have to be connected to for it.
pub(crate) struct Chosen {
    pub(crate) view: Box<dyn View>,
    pub(crate) stdout: Outlet,
    pub(crate) stderr: Outlet,
}

/// Where one of the service's outputs goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlet {
    /// Where ours goes.
    Same,
    /// Into our standard error: standard output is for data.
    Stderr,
    /// To the view, which prints it between its own drawings.
    View,
}

/// Chooses the view for `format` and the terminals there are.
pub(crate) fn choose(format: Format) -> Chosen {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    match format {
        Format::Json => {
            let view = Box::new(json::Json::new(io::stdout()));
            Chosen { view, stdout: Outlet::Stderr, stderr: Outlet::Same }
        }
        Format::Auto if io::stderr().is_terminal() && !dumb => {
            // What goes to a file does not disturb the bars and needs no detour.
            let stdout = if io::stdout().is_terminal() { Outlet::View } else { Outlet::Same };
            let view = Box::new(bars::Bars::new(takes_colour(&io::stderr())));
            Chosen { view, stdout, stderr: Outlet::View }
        }
        Format::Auto | Format::Text => {
            let view = Box::new(lines::Lines::new(io::stderr()));
            Chosen { view, stdout: Outlet::Same, stderr: Outlet::Same }
        }
    }
}
