//! Lines that wait to be written, with a bound: whole lines are dropped, and counted.

/// How much waits for a slow reader.
pub(super) const CAPACITY: usize = 256 * 1024;
/// A buffer that has once been larger is given back when it is empty.
const KEPT: usize = 32 * 1024;

#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    /// How much of `bytes` is written.
    written: usize,
    /// Lines that found no room since the last time that was told.
    untold: u64,
    dropped: u64,
    /// Nobody reads any more: everything is dropped, and not counted.
    closed: bool,
}

impl Queue {
    /// Whether there was room for it.
    pub(super) fn push(&mut self, line: &[u8]) -> bool {
        if self.closed {
            return false;
        }
        if self.len() + line.len() > CAPACITY {
            self.count(1);
            return false;
        }
        if self.written > CAPACITY / 4 {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
        self.bytes.extend_from_slice(line);
        true
    }

    fn count(&mut self, lines: u64) {
        self.untold += lines;
        self.dropped += lines;
    }

    /// How many lines were lost, once there is room again to tell it.
    pub(super) fn loss(&mut self) -> Option<u64> {
        if self.untold == 0 || self.len() > CAPACITY / 2 {
            return None;
        }
        Some(std::mem::take(&mut self.untold))
    }

    /// What to write next: at most `limit` bytes, up to the end of a line where there is one.
    pub(super) fn front(&self, limit: usize) -> &[u8] {
        let waiting = self.bytes.get(self.written..).unwrap_or_default();
        let piece = waiting.get(..limit).unwrap_or(waiting);
        let end = piece.iter().rposition(|byte| *byte == b'\n').map_or(piece.len(), |at| at + 1);
        piece.get(..end).unwrap_or_default()
    }

    pub(super) fn advance(&mut self, count: usize) {
        self.written += count;
        if self.is_empty() {
            self.bytes.clear();
            self.written = 0;
            if self.bytes.capacity() > KEPT {
                self.bytes = Vec::new();
            }
        }
    }

    /// Drops all that waits.
    pub(super) fn lose(&mut self) {
        let waiting = self.bytes.get(self.written..).unwrap_or_default();
        let lines = waiting.iter().filter(|byte| **byte == b'\n').count();
        self.count(u64::try_from(lines).unwrap_or_default());
        self.advance(self.len());
    }

    pub(super) fn close(&mut self) {
        *self = Self { closed: true, dropped: self.dropped, ..Self::default() };
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.written)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lines dropped since lightship started.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_go_out_in_pieces_of_any_size() {
        let mut queue = Queue::default();
        queue.push(b"abc\n");
        queue.push(b"de\n");
        queue.push(b"0123456789\n");
        assert_eq!(queue.front(8), b"abc\nde\n");
        queue.advance(5);
        assert_eq!(queue.front(8), b"e\n");
        queue.advance(2);
        // Longer than the limit: there is no line's end to stop at.
        assert_eq!(queue.front(8), b"01234567");
        queue.advance(11);
        assert!(queue.is_empty());
        assert_eq!(queue.front(8), b"");
    }

    #[test]
    fn a_full_queue_drops_whole_lines_and_tells_once_there_is_room() {
        let mut queue = Queue::default();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..CAPACITY / 1024 + 3 {
            queue.push(&line);
        }
        assert_eq!((queue.len(), queue.dropped()), (CAPACITY, 3));
        assert_eq!(queue.loss(), None);
        queue.advance(CAPACITY / 2);
        assert_eq!(queue.loss(), Some(3));
        assert_eq!(queue.loss(), None);
        assert_eq!(queue.dropped(), 3);
    }

    #[test]
    fn memory_stays_bounded_and_goes_back() {
        let mut queue = Queue::default();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..10_000 {
            queue.push(&line);
            queue.push(&line);
            queue.advance(1024);
            assert!(queue.bytes.len() <= 2 * CAPACITY);
        }
        queue.advance(queue.len());
        assert_eq!(queue.bytes.capacity(), 0);
    }

    #[test]
    fn without_a_reader_nothing_is_kept_or_counted() {
        let mut queue = Queue::default();
        queue.push(b"a\n");
        queue.close();
        queue.push(b"b\n");
        assert_eq!((queue.len(), queue.dropped(), queue.loss()), (0, 0, None));
    }
}
