//! Lines at the bottom of a terminal that are drawn over again and again.
//!
//! The cursor always rests at the start of the line below them: what the terminal itself puts
//! there (`^C`) moves nothing, and the next drawing takes it away.

/// What stands at the bottom of the terminal.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    /// How many columns each of its lines takes.
    widths: Vec<usize>,
}

/// Clears from the cursor to the end of the line.
const CLEAR_LINE: &str = "\u{1b}[K";
/// Clears from the cursor to the end of the screen.
const CLEAR_BELOW: &str = "\u{1b}[J";

impl Picture {
    /// Takes the picture away; what is written next stands in its place.
    pub(super) fn erase(&mut self, columns: usize) -> String {
        let text = self.to_top(columns) + CLEAR_BELOW;
        self.widths.clear();
        text
    }

    /// Draws `lines` where the picture stands, without a moment in which nothing is there.
    pub(super) fn draw(&mut self, lines: &[String], columns: usize) -> String {
        let mut text = self.to_top(columns);
        for line in lines {
            text.extend([line, CLEAR_LINE, "\n"]);
        }
        text.push_str(CLEAR_BELOW);
        self.widths = lines.iter().map(|line| console::measure_text_width(line)).collect();
        text
    }

    /// Moves to the first line. A terminal that has become narrower has broken long ones in two.
    fn to_top(&self, columns: usize) -> String {
        let rows = |width: &usize| width.div_ceil(columns.max(1)).max(1);
        match self.widths.iter().map(rows).sum::<usize>() {
            0 => "\r".to_owned(),
            rows => format!("\r\u{1b}[{rows}A"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_over_the_one_before() {
        let mut picture = Picture::default();
        let lines = ["one".to_owned(), "two".to_owned()];
        assert_eq!(picture.draw(&lines, 80), "\rone\u{1b}[K\ntwo\u{1b}[K\n\u{1b}[J");
        assert_eq!(picture.draw(&lines[..1], 80), "\r\u{1b}[2Aone\u{1b}[K\n\u{1b}[J");
        assert_eq!(picture.erase(80), "\r\u{1b}[1A\u{1b}[J");
        assert_eq!(picture.erase(80), "\r\u{1b}[J");
    }

    #[test]
    fn a_terminal_that_became_narrower_is_reckoned_with() {
        let mut picture = Picture::default();
        picture.draw(&["\u{1b}[32m12345\u{1b}[0m".to_owned(), String::new()], 80);
        assert_eq!(picture.erase(2), "\r\u{1b}[4A\u{1b}[J");
    }
}
