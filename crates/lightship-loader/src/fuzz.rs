//! What has to hold whatever the bytes are: fuzzers call these with bytes that they make up
//! (`fuzz/`, see `docs/fuzzing.md`), and a test with those that were worth keeping. Each panics
//! where a promise is broken.

/// An archive, or a compressed file.
pub fn archive(bytes: &[u8]) {
    crate::fetch::archive::fuzz::archive(bytes);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn archives_that_were_worth_keeping() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        let mut count = 0;
        for folder in ["seeds/archive", "corpus/archive"] {
            // What was found is kept when there was a long enough run to find it.
            for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
                let path = entry.unwrap().path();
                // Shown by a test that fails: which file it was.
                println!("{}", path.display());
                super::archive(&fs::read(path).unwrap());
                count += 1;
            }
        }
        assert!(count > 10, "only {count} files");
    }
}
