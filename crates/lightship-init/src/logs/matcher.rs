//! Finds a text in a stream of bytes, also where it is cut in two.

/// Looks for one text, until it was seen.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    text: Vec<u8>,
    /// The last bytes seen, one less than the text has.
    tail: Vec<u8>,
}

impl Matcher {
    /// A matcher for `text`, which is part of one line, and not empty.
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.as_bytes().to_vec(), tail: Vec::new() }
    }

    /// Whether the text ends in `bytes`.
    pub(super) fn sees(&mut self, bytes: &[u8]) -> bool {
        let keep = self.text.len().saturating_sub(1);
        let seam = bytes.get(..keep).unwrap_or(bytes);
        self.tail.extend_from_slice(seam);
        if self.contains(&self.tail) || self.contains(bytes) {
            return true;
        }
        if bytes.len() >= keep {
            self.tail.clear();
            self.tail.extend_from_slice(bytes.get(bytes.len() - keep..).unwrap_or_default());
        } else {
            let old = self.tail.len().saturating_sub(keep);
            self.tail.drain(..old);
        }
        false
    }

    fn contains(&self, bytes: &[u8]) -> bool {
        bytes.windows(self.text.len().max(1)).any(|window| window == self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_is_cut() {
        let stream = b"noise\nserver listening on 80\n";
        for first in 0..stream.len() {
            for second in first..stream.len() {
                let mut matcher = Matcher::new("listening on");
                let parts = [&stream[..first], &stream[first..second], &stream[second..]];
                assert!(parts.into_iter().any(|part| matcher.sees(part)), "{first} {second}");
            }
        }
        let mut matcher = Matcher::new("listening on");
        assert!(stream.iter().any(|byte| matcher.sees(&[*byte])));
    }

    #[test]
    fn what_is_not_there_is_not_found_and_little_is_kept() {
        let mut matcher = Matcher::new("abc");
        for _ in 0..100 {
            assert!(!matcher.sees(b"ab\ncab"));
            assert!(!matcher.sees(b"\n"));
            assert!(matcher.tail.len() <= 2);
        }
        assert!(Matcher::new("x").sees(b"x"));
    }
}
