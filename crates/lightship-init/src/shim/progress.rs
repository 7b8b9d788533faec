//! What a caller sees while it waits: on a terminal one line that is drawn anew, elsewhere
//! nothing.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use lightship_model::name::ToolName;
use rustix::termios::tcgetwinsize;

/// Back to the beginning of the line, which is cleared.
const CLEAR: &str = "\r\x1b[K";
/// The line is drawn anew so often, for the seconds in it.
const TICK: Duration = Duration::from_millis(500);
/// The width where the terminal does not know.
const WIDTH: usize = 80;

/// Writes one line to standard error.
pub(super) fn line(text: &str) {
    let text = text.lines().next().unwrap_or_default();
    // Nobody is left to be told that standard error is closed.
    writeln!(io::stderr().lock(), "lightship: {text}").unwrap_or_default();
}

/// The line.
#[derive(Debug)]
pub(super) struct Progress {
    on: bool,
    began: Instant,
    words: String,
    drawn: String,
}

impl Progress {
    pub(super) fn new() -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let on = io::stderr().is_terminal() && !dumb;
        Self { on, began: Instant::now(), words: String::new(), drawn: String::new() }
    }

    /// How long to wait at most before [`Self::draw`] is called again.
    pub(super) fn tick(&self) -> Option<Duration> {
        self.on.then_some(TICK)
    }

    /// Shows `words` about `tool` from now on.
    pub(super) fn tell(&mut self, tool: &ToolName, words: &str) {
        self.words = format!("{tool}: {words}");
        self.draw();
    }

    /// Draws the line where something in it has changed.
    pub(super) fn draw(&mut self) {
        if !self.on || self.words.is_empty() {
            return;
        }
        let width = tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
        let width = if width == 0 { WIDTH } else { width };
        let line = fit(&self.words, self.began.elapsed().as_secs(), width);
        if line != self.drawn {
            put(&format!("{CLEAR}{line}"));
            self.drawn = line;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !self.drawn.is_empty() {
            put(CLEAR);
        }
    }
}

fn put(text: &str) {
    let mut stderr = io::stderr().lock();
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).unwrap_or_default();
}

/// The words, cut where the line is not wide enough, and the time. The last column stays free:
/// a terminal would go to the next line.
fn fit(words: &str, seconds: u64, width: usize) -> String {
    let time = format!(" ({}:{:02})", seconds / 60, seconds % 60);
    let room = width.saturating_sub(time.len() + 1);
    let words: String = words.chars().filter(|letter| !letter.is_control()).collect();
    if words.chars().count() <= room {
        return words + &time;
    }
    let cut: String = words.chars().take(room.saturating_sub(1)).collect();
    format!("{cut}…{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_the_terminal_and_says_for_how_long() {
        assert_eq!(fit("ck: installing", 75, 80), "ck: installing (1:15)");
        assert_eq!(fit("ck: installing", 5, 18), "ck: insta… (0:05)");
        assert_eq!(fit("a\u{1b}[2Jb", 0, 80), "a[2Jb (0:00)");
        assert_eq!(fit("ck", 0, 0), "… (0:00)");
    }
}
