//! What has to hold whatever the bytes are, as functions over bytes: fuzzers call them with
//! bytes that they make up (`fuzz/`, see `docs/fuzzing.md`), and a test with those that were
//! worth keeping. Each panics where a promise is broken.

mod events;
mod manifest;
mod output;

pub use self::events::events;
pub use self::manifest::manifest;
pub use self::output::output;

/// Requests, on a connection of the health port or of the control socket.
pub fn http_request(bytes: &[u8]) {
    crate::http::fuzz_conversation(bytes);
}

/// Cuts `bytes` into pieces whose lengths look random, and are the same each time.
pub(crate) fn pieces(bytes: &[u8], longest: usize) -> Vec<&[u8]> {
    let mut seed = bytes.iter().fold(0x9e37_79b9_u32, |sum, byte| {
        sum.rotate_left(5).wrapping_mul(31).wrapping_add(u32::from(*byte))
    }) | 1;
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        let length = 1 + usize::try_from(seed).unwrap_or(0) % longest;
        let (piece, left) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Calls `check` with every file that is kept for it.
    fn replay(name: &str, check: fn(&[u8])) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        let mut count = 0;
        for folder in ["seeds", "corpus"] {
            for entry in fs::read_dir(root.join(folder).join(name)).unwrap() {
                let path = entry.unwrap().path();
                // Shown by a test that fails: which file it was.
                println!("{}", path.display());
                check(&fs::read(path).unwrap());
                count += 1;
            }
        }
        assert!(count > 10, "only {count} files for {name}");
    }

    #[test]
    fn requests_that_were_worth_keeping() {
        replay("http_request", http_request);
    }

    #[test]
    fn manifests_that_were_worth_keeping() {
        replay("manifest", manifest);
    }

    #[test]
    fn events_that_were_worth_keeping() {
        replay("events", events);
    }

    #[test]
    fn output_that_was_worth_keeping() {
        replay("output", output);
    }

    #[test]
    fn pieces_are_the_whole_again() {
        let bytes: Vec<u8> = (0..=255).collect();
        let cut = pieces(&bytes, 7);
        assert!(cut.len() > 255 / 7 && cut.iter().all(|piece| (1..=7).contains(&piece.len())));
        assert_eq!(cut.concat(), bytes);
    }
}
