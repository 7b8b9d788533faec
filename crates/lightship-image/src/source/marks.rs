//! Which bytes of a blob belong to which of the tar in it.

/// Places that are kept of one layer; where there are more, every second one goes.
const MOST_MARKS: usize = 1 << 20;

/// How far the decompressor had come where.
#[derive(Debug, Default)]
pub struct Marks {
    /// Places in the tar and in the blob.
    list: Vec<(u64, u64)>,
    pub(super) end: (u64, u64),
}

impl Marks {
    pub(super) fn extend(&mut self, marks: &[(u64, u64)]) {
        self.list.extend_from_slice(marks);
        if self.list.len() > MOST_MARKS {
            let mut keep = false;
            self.list.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }

    /// The place in the blob that belongs to the place `at` in the tar.
    fn packed(&self, at: u64) -> u64 {
        let next = self.list.partition_point(|(plain, _)| *plain <= at);
        let before = next.checked_sub(1).and_then(|last| self.list.get(last)).copied();
        let (plain, packed) = before.unwrap_or_default();
        let (next_plain, next_packed) = self.list.get(next).copied().unwrap_or(self.end);
        let whole = next_plain.saturating_sub(plain);
        if whole == 0 {
            return packed;
        }
        let part = u128::from(next_packed.saturating_sub(packed));
        let part = part * u128::from((at - plain).min(whole)) / u128::from(whole);
        packed + u64::try_from(part).unwrap_or(u64::MAX)
    }

    /// The shares in the blob of what begins at `starts` in the tar: they sum to the blob.
    pub fn shares(&self, starts: &[u64]) -> Vec<u64> {
        let mut places: Vec<u64> = starts.iter().map(|start| self.packed(*start)).collect();
        if let Some(first) = places.first_mut() {
            *first = 0;
        }
        places.push(self.end.1);
        places.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_the_marks_and_sum_to_the_blob() {
        let marks =
            Marks { list: vec![(0, 0), (1000, 10), (1000, 30), (2000, 30)], end: (3000, 130) };
        assert_eq!(marks.packed(500), 5);
        assert_eq!(marks.packed(1000), 30);
        assert_eq!(marks.packed(2500), 80);
        assert_eq!(marks.shares(&[0, 500, 1000, 2500]), [5, 25, 50, 50]);
        assert_eq!(marks.shares(&[512]), [130]);
        assert_eq!(marks.shares(&[]), Vec::<u64>::new());
    }
}
