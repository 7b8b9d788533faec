//! What has to hold whatever the bytes are: fuzzers call these with bytes that they make up
//! (`fuzz/`, see `docs/fuzzing.md`), and a test with those that were worth keeping. Each panics
//! where a promise is broken.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufReader, Cursor, Read};

use lightship_model::digest::Digest;

use crate::measure::{Measurement, Sizes, measure};
use crate::source::{self, Blob, Blobs, Content, Format, Image, Layer, SourceError, Wanted};
use crate::tar::read::{Reader, TarError};

/// An error and its causes are never longer, in bytes.
const LONGEST_ERROR: usize = 16 << 10;

/// A tar, by itself and as the only layer of an image; checksums are put right first, where
/// they are wrong.
pub fn tar(bytes: &[u8]) {
    let bytes = with_checksums(bytes);
    let whole = entries(Reader::new(Cursor::new(&bytes)));
    // Pieces make no difference.
    let pieces = entries(Reader::new(BufReader::with_capacity(7, Cursor::new(&bytes))));
    assert_eq!(whole, pieces);
    let blob = Blob { digest: None, size: None, name: "layer".to_owned() };
    let blobs = HashMap::from([(blob.name.clone(), bytes)]);
    let layer = Layer { blob, diff_id: None, created_by: None };
    let image = Image {
        name: "fuzzed".to_owned(),
        format: Format::RootTar,
        platform: None,
        manifest: None,
        config: None,
        content: Content::Layers {
            layers: vec![layer.clone(), layer],
            blobs: Box::new(Memory(blobs)),
        },
    };
    check(measure(image));
}

/// Documents of an image, with lines of `---` between: `index.json`, then blobs. In each, `@N`
/// stands for the digest of the document N and `#N` for its length.
pub fn oci(bytes: &[u8]) {
    let mut documents: Vec<Vec<u8>> =
        split(bytes).into_iter().take(9).map(<[u8]>::to_vec).collect();
    let mut blobs = HashMap::new();
    for place in (0..documents.len()).rev() {
        let mut document = documents.get(place).cloned().unwrap_or_default();
        for (other, content) in documents.iter().enumerate().skip(place + 1) {
            let digest = format!("sha256:{}", Digest::of(content));
            document = replace(&document, format!("@{other}").as_bytes(), digest.as_bytes());
            let length = content.len().to_string();
            document = replace(&document, format!("#{other}").as_bytes(), length.as_bytes());
        }
        blobs.insert(format!("blobs/sha256/{}", Digest::of(&document)), document.clone());
        if let Some(own) = documents.get_mut(place) {
            *own = document;
        }
    }
    blobs.insert("index.json".to_owned(), documents.into_iter().next().unwrap_or_default());
    blobs.insert("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec());
    let opened = source::oci::open(
        Box::new(Memory(blobs.clone())),
        Format::OciLayout,
        &Wanted::default(),
        None,
    );
    check(opened.and_then(measure));
    // The same bytes as what `docker save` writes.
    if let Some(index) = blobs.remove("index.json") {
        blobs.insert("manifest.json".to_owned(), index);
    }
    let opened = source::docker::open(Box::new(Memory(blobs)), &Wanted::default(), None);
    check(opened.and_then(measure));
}

/// What a reader finds: where entries begin, what they are, how long they are; and the error.
fn entries<R: std::io::BufRead>(mut reader: Reader<R>) -> (Vec<String>, Option<String>) {
    let mut found = Vec::new();
    let mut end = 0;
    loop {
        let header = match reader.next_header() {
            Ok(Some(header)) => header,
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(text(&error))),
        };
        assert!(header.start >= end, "entries overlap");
        end = reader.position();
        assert!(end >= header.start + 512, "an entry without a header");
        let mut length = 0;
        match reader.content(|piece| length += piece.len() as u64) {
            Ok(true) => assert_eq!(length, header.size, "the content has another length"),
            Ok(false) => assert!(header.sparse && header.size > 16 << 20),
            Err(error) => return (found, Some(text(&error))),
        }
        found.push(format!("{header:?}"));
    }
}

fn text(error: &TarError) -> String {
    let text = error.to_string();
    assert!(text.len() < LONGEST_ERROR);
    text
}

/// A measurement sums to the byte; an error is short.
fn check(measured: Result<Measurement, SourceError>) {
    let measurement = match measured {
        Ok(measurement) => measurement,
        Err(error) => {
            let mut length = error.to_string().len();
            let mut source = error.source();
            while let Some(cause) = source {
                length += cause.to_string().len();
                source = cause.source();
            }
            assert!(length < LONGEST_ERROR, "an error of {length} bytes");
            return;
        }
    };
    let live = measurement.live_total();
    // Sparse files may claim more than there are numbers for.
    if measurement.shipped_total().unpacked < u64::MAX {
        assert_eq!(live + measurement.dead_total(), measurement.shipped_total());
    }
    for rows in [measurement.directories(2), measurement.directories(0)] {
        assert_eq!(rows.into_iter().map(|row| row.sizes).sum::<Sizes>(), live);
    }
    assert_eq!(measurement.by_owner().into_iter().map(|row| row.sizes).sum::<Sizes>(), live);
    drop(measurement.duplicates());
    drop(measurement.dead(usize::MAX));
}

/// Blobs by name.
#[derive(Debug)]
struct Memory(HashMap<String, Vec<u8>>);

impl Blobs for Memory {
    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, SourceError> {
        let bytes = self.0.get(&blob.name);
        let missing = || SourceError::Missing { what: blob.name.clone() };
        Ok(Box::new(Cursor::new(bytes.ok_or_else(missing)?.clone())))
    }
}

/// Every block that could be a header gets the checksum that it should have.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for block in bytes.chunks_exact_mut(512) {
        if block.iter().all(|byte| *byte == 0) || !block[148..156].iter().any(u8::is_ascii_digit) {
            continue;
        }
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    bytes
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    const LINE: &[u8] = b"\n---\n";
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(LINE.len()).position(|window| window == LINE) {
        parts.push(&rest[..at]);
        rest = &rest[at + LINE.len()..];
    }
    parts.push(rest);
    parts
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    fn replay(name: &str, target: fn(&[u8])) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        let mut count = 0;
        for folder in ["seeds", "corpus"] {
            // What was found is kept when there was a long enough run to find it.
            for entry in fs::read_dir(root.join(folder).join(name)).into_iter().flatten() {
                let path = entry.unwrap().path();
                // Shown by a test that fails: which file it was.
                println!("{}", path.display());
                let bytes = fs::read(&path).unwrap();
                target(&bytes);
                // And what is left of it when it is cut off or one bit falls over.
                for at in (0..bytes.len()).step_by(bytes.len() / 13 + 1) {
                    target(&bytes[..at]);
                    let mut bad = bytes.clone();
                    bad[at] ^= 0x41;
                    target(&bad);
                }
                count += 1;
            }
        }
        assert!(count > 8, "only {count} files");
    }

    #[test]
    fn tars_that_were_worth_keeping() {
        replay("tar", super::tar);
    }

    #[test]
    fn documents_that_were_worth_keeping() {
        replay("oci", super::oci);
    }
}
