//! One line of a terminal: pieces of text with their colours, cut to a width.

use console::{measure_text_width, truncate_str};

/// What a piece of text says by its colour; never by its colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Good,
    Bad,
    Busy,
    Quiet,
    Strong,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Busy => "36",
            Self::Quiet => "2",
            Self::Strong => "1",
        }
    }
}

/// A line being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pieces: Vec<(Ink, String)>,
    width: usize,
}

impl Line {
    /// Adds `text`.
    #[must_use]
    pub(super) fn and(mut self, ink: Ink, text: impl Into<String>) -> Self {
        let text = text.into();
        self.width += measure_text_width(&text);
        self.pieces.push((ink, text));
        self
    }

    /// Adds `text`, cut or filled up to `width` columns.
    #[must_use]
    pub(super) fn column(self, ink: Ink, text: &str, width: usize) -> Self {
        let text = truncate_str(text, width, "…");
        let fill = width.saturating_sub(measure_text_width(&text));
        self.and(ink, text).and(Ink::Plain, " ".repeat(fill))
    }

    /// Adds `text` at the right end of `width` columns.
    #[must_use]
    pub(super) fn right(self, ink: Ink, text: &str, width: usize) -> Self {
        let fill = width.saturating_sub(measure_text_width(text));
        self.and(Ink::Plain, " ".repeat(fill)).column(ink, text, width - fill)
    }

    /// Adds the pieces of `other`.
    #[must_use]
    pub(super) fn append(mut self, other: &Self) -> Self {
        self.width += other.width;
        self.pieces.extend_from_slice(&other.pieces);
        self
    }

    /// How many columns it has so far.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The text for a terminal of `width` columns, with colours if it takes them.
    pub(super) fn render(&self, width: usize, colour: bool) -> String {
        let mut left = width;
        let mut line = String::new();
        for (ink, text) in &self.pieces {
            if left == 0 {
                break;
            }
            let text = truncate_str(text, left, "…");
            left -= measure_text_width(&text).min(left);
            if colour && *ink != Ink::Plain && !text.is_empty() {
                line.extend(["\u{1b}[", ink.code(), "m", &text, "\u{1b}[0m"]);
            } else {
                line.push_str(&text);
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_exceeds_its_width() {
        let line = Line::default().and(Ink::Good, "✓ ").column(Ink::Plain, "sentence", 5);
        assert_eq!(line.render(80, false), "✓ sent…");
        assert_eq!(line.render(4, false), "✓ s…");
        assert_eq!(measure_text_width(&line.render(4, true)), 4);
        assert_eq!(Line::default().right(Ink::Plain, "5s", 4).render(9, false), "  5s");
    }
}
