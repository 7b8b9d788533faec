//! Lines out of a stream of bytes, with a bound: whatever the other side writes, memory stays.

/// The longest line that is taken.
pub(crate) const LIMIT: usize = 64 * 1024;

/// What a stream has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Text(String),
    /// It was longer than [`LIMIT`], or no UTF-8.
    Unusable,
}

/// Collects bytes until a line is whole.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pending: Vec<u8>,
    /// The line being read is too long already.
    overflown: bool,
}

impl Lines {
    /// Takes `bytes` in and returns the lines that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, whole) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            if self.pending.len() + text.len() > LIMIT {
                self.overflown = true;
                self.pending.clear();
            }
            if !self.overflown {
                self.pending.extend_from_slice(text);
            }
            if whole {
                lines.push(self.take());
            }
        }
        lines
    }

    fn take(&mut self) -> Line {
        let bytes = std::mem::take(&mut self.pending);
        if std::mem::take(&mut self.overflown) {
            return Line::Unusable;
        }
        String::from_utf8(bytes).map_or(Line::Unusable, Line::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> Line {
        Line::Text(line.to_owned())
    }

    #[test]
    fn lines_come_whole_however_the_bytes_come() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"a\nb"), [text("a")]);
        assert_eq!(lines.push(b""), []);
        assert_eq!(lines.push(b"c\n\nd\n"), [text("bc"), text(""), text("d")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_dropped_and_the_next_one_is_read() {
        let mut lines = Lines::default();
        for _ in 0..3 {
            assert_eq!(lines.push(&vec![b'x'; LIMIT]), []);
            assert!(lines.pending.len() <= LIMIT);
        }
        assert_eq!(lines.push(b"\nnext\n\xff\n"), [Line::Unusable, text("next"), Line::Unusable]);
    }
}
