//! Lines out of what a process prints: never longer than a bound, never waiting for an end that
//! does not come.

/// Longer lines are split here.
pub(super) const LIMIT: usize = 16 * 1024;

/// A line, or a part of one that was too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) bytes: &'a [u8],
    /// The line goes on in the next piece.
    pub(super) partial: bool,
}

/// Collects bytes until a line is whole or long enough.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pending: Vec<u8>,
    /// What is pending was given already.
    given: bool,
}

impl Pieces {
    /// The next piece that `input` completes; takes from `input` what it has used.
    pub(super) fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Option<Piece<'a>> {
        self.forget_given();
        let room = LIMIT - self.pending.len();
        let newline = input.iter().take(room + 1).position(|byte| *byte == b'\n');
        if newline.is_none() && input.len() <= room {
            self.pending.extend_from_slice(input);
            *input = &[];
            return None;
        }
        let (bytes, rest) = input.split_at(newline.unwrap_or(room));
        *input = rest.get(usize::from(newline.is_some())..).unwrap_or_default();
        let partial = newline.is_none();
        if self.pending.is_empty() {
            return Some(Piece { bytes, partial });
        }
        self.pending.extend_from_slice(bytes);
        self.given = true;
        Some(Piece { bytes: &self.pending, partial })
    }

    /// What is left of a line that nobody ends any more.
    pub(super) fn finish(&mut self) -> Option<Piece<'_>> {
        self.forget_given();
        if self.pending.is_empty() {
            return None;
        }
        self.given = true;
        Some(Piece { bytes: &self.pending, partial: false })
    }

    fn forget_given(&mut self) {
        if std::mem::take(&mut self.given) {
            self.pending.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(input: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
        let mut pieces = Pieces::default();
        let mut found = Vec::new();
        let mut keep = |piece: Piece<'_>| found.push((piece.bytes.to_vec(), piece.partial));
        for bytes in input {
            let mut bytes = *bytes;
            while let Some(piece) = pieces.next(&mut bytes) {
                keep(piece);
            }
            assert_eq!(bytes, b"");
        }
        pieces.finish().map(&mut keep);
        assert_eq!(pieces.finish(), None);
        found
    }

    #[test]
    fn lines_come_whole_however_the_bytes_come() {
        let whole = |text: &str| (text.as_bytes().to_vec(), false);
        let wanted = [whole("ab"), whole(""), whole("cd"), whole("e")];
        assert_eq!(pieces(&[b"ab\n\ncd\ne"]), wanted);
        assert_eq!(pieces(&[b"a", b"b\n", b"\nc", b"", b"d", b"\n", b"e"]), wanted);
    }

    #[test]
    fn a_long_line_is_split_and_the_parts_say_so() {
        let long = vec![b'x'; 2 * LIMIT + 5];
        let found = pieces(&[&long, b"\ny\n"]);
        let shape: Vec<_> = found.iter().map(|(bytes, partial)| (bytes.len(), *partial)).collect();
        assert_eq!(shape, [(LIMIT, true), (LIMIT, true), (5, false), (1, false)]);
    }

    #[test]
    fn a_line_of_just_the_limit_is_whole() {
        let mut line = vec![b'x'; LIMIT];
        line.push(b'\n');
        assert_eq!(pieces(&[&line]).len(), 1);
        assert_eq!(pieces(&[&line[..LIMIT], b"\n"]).len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_or_held_beyond_the_bound(
            chunks in proptest::collection::vec(proptest::collection::vec(0u8..12, 0..9000), 0..20)
        ) {
            let mut pieces = Pieces::default();
            let mut copy = Vec::new();
            let mut keep = |piece: Piece<'_>| {
                assert!(piece.bytes.len() <= LIMIT);
                copy.extend_from_slice(piece.bytes);
                if !piece.partial {
                    copy.push(b'\n');
                }
            };
            for chunk in &chunks {
                let mut input = chunk.as_slice();
                while let Some(piece) = pieces.next(&mut input) {
                    keep(piece);
                }
                assert!(pieces.pending.len() <= LIMIT);
            }
            pieces.finish().map(&mut keep);
            let mut all = chunks.concat();
            if all.last().is_some_and(|last| *last != b'\n') {
                all.push(b'\n');
            }
            proptest::prop_assert_eq!(copy, all);
        }
    }
}
