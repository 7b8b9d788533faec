//! How much may come out of an archive.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::meter::Meter;
use crate::store::space;

/// In bytes: no tool is larger, unless `LIGHTSHIP_MAX_UNPACKED` says so.
const BYTES: u64 = 64 << 30;
/// Files, directories and links together.
const ENTRIES: u64 = 2_000_000;
/// What is unpacked may be so many times as large as the archive; text compresses well, but not
/// like this.
const RATIO: u64 = 1000;
/// Below this, in bytes, the ratio says nothing.
const SMALL: u64 = 64 << 20;

/// Bounds of one archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Limits {
    pub(super) bytes: u64,
    pub(super) entries: u64,
    /// Bytes that the disk still takes.
    pub(super) room: u64,
}

impl Limits {
    /// The limits for what goes under `prefix`.
    pub(crate) fn of(prefix: &Path) -> Self {
        let set = std::env::var("LIGHTSHIP_MAX_UNPACKED").ok().and_then(|text| text.parse().ok());
        Self {
            bytes: set.unwrap_or(BYTES),
            entries: ENTRIES,
            room: space::usable(prefix).unwrap_or(u64::MAX),
        }
    }

    /// Limits that do not depend on the machine.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn fixed(bytes: u64, entries: u64) -> Self {
        Self { bytes, entries, room: u64::MAX }
    }

    /// Counts entries, up to the most that there may be.
    pub(crate) fn entries(&self) -> Meter {
        let entries = self.entries;
        Meter::new((entries, format!("there are more than {entries} entries in it")))
    }

    /// The most bytes that may come out of an archive of `size` bytes, and what to say of more.
    pub(crate) fn most(&self, size: u64) -> (u64, String) {
        let by_ratio = size.saturating_mul(RATIO).max(SMALL);
        let show = space::megabytes;
        let most = by_ratio.min(self.bytes).min(self.room);
        let reason = if most == self.room {
            format!("it needs more than the {} that are free", show(self.room))
        } else if most == self.bytes {
            let limit = show(self.bytes);
            format!("more than {limit} are in it: LIGHTSHIP_MAX_UNPACKED allows more, in bytes")
        } else {
            format!("it unpacks to more than {}, with {} of its own", show(most), show(size))
        };
        (most, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_limit_holds_and_says_which_it_is() {
        let limits = Limits { bytes: 64 << 30, entries: 9, room: 90 << 30 };
        let (most, reason) = limits.most(10_000);
        assert_eq!(most, SMALL);
        assert_eq!(reason, "it unpacks to more than 68 MB, with 10 kB of its own");
        assert_eq!(limits.most(1 << 20).0, RATIO << 20);
        assert!(limits.most(1 << 40).1.contains("LIGHTSHIP_MAX_UNPACKED"));
        let full = Limits { room: 5_000_000, ..limits };
        assert!(full.most(1 << 40).1.contains("5 MB that are free"));
    }
}
