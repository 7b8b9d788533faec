//! What has to hold whatever the bytes are: fuzzers call these with bytes that they make up
//! (`fuzz/`, see `docs/fuzzing.md`), and a test with those that were worth keeping. Each panics
//! where a promise is broken.

mod debian;
mod files;

pub use self::debian::{deb, openpgp, packages};
pub use self::files::{receipt, state};

/// An archive, or a compressed file.
pub fn archive(bytes: &[u8]) {
    crate::fetch::archive::fuzz::archive(bytes);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Calls `check` with every file that is kept for the target `name`.
    pub(super) fn replay(name: &str, check: fn(&[u8])) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        let mut count = 0;
        for folder in ["seeds", "corpus"] {
            // What was found is kept when there was a long enough run to find it.
            for entry in fs::read_dir(root.join(folder).join(name)).into_iter().flatten() {
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
    fn archives_that_were_worth_keeping() {
        replay("archive", super::archive);
    }
}
