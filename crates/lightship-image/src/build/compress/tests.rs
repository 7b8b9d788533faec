use std::io::Read as _;

use proptest::prelude::*;

use super::*;

/// Text that repeats itself, near and far, so that windows and dictionaries matter.
fn text(size: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = format!("{:x} ", state >> 52);
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn compressed(compression: Compression, threads: usize, bytes: &[u8]) -> (Vec<u8>, Compressed) {
    let mut out = Vec::new();
    let result = compression.compress(threads, &mut out, |sink| {
        // In pieces that meet no border.
        bytes.chunks(77_777).try_for_each(|piece| sink.write_all(piece))
    });
    (out, result.unwrap())
}

fn plain(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match compression {
        Compression::None => return bytes.to_vec(),
        Compression::Gzip(_) => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
        Compression::Zstd(_) => zstd::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap(),
    };
    out
}

#[test]
fn the_bytes_are_the_same_with_one_two_and_four_threads() {
    let bytes = text(9_000_000);
    for compression in [
        Compression::Gzip(1),
        Compression::GZIP,
        Compression::Gzip(9),
        Compression::Zstd(3),
        Compression::ZSTD,
    ] {
        let (first, result) = compressed(compression, 1, &bytes);
        assert_eq!(plain(compression, &first), bytes, "{compression:?}");
        assert_eq!(result.diff_id.0, lightship_model::digest::Digest::of(&bytes));
        assert_eq!(result.digest.0, lightship_model::digest::Digest::of(&first));
        assert_eq!((result.size, result.plain), (first.len() as u64, bytes.len() as u64));
        for threads in [2, 4] {
            assert!(
                compressed(compression, threads, &bytes).0 == first,
                "{compression:?} {threads}"
            );
        }
    }
}

#[test]
fn blocks_know_what_came_before_them() {
    let bytes = text(4 << 20);
    let (blocks, _) = compressed(Compression::GZIP, 2, &bytes);
    let mut whole = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    whole.write_all(&bytes).unwrap();
    let whole = whole.finish().unwrap();
    assert!(blocks.len() < whole.len() + whole.len() / 500, "{} {}", blocks.len(), whole.len());
}

/// When this fails, an update of a compressor has changed what comes out: images get other
/// digests, so say it in the notes of the release (and change `gzip::IDENTITY`).
#[test]
fn the_bytes_of_this_version_are_known() {
    let bytes = text(3_000_000);
    let digest = |compression| compressed(compression, 2, &bytes).1.digest.to_string();
    assert_eq!(
        digest(Compression::GZIP),
        "sha256:065459fd3f28a0e67fdd9b2643944aaf85cd06c962ad34b111f7191c157a560a"
    );
    assert_eq!(
        digest(Compression::ZSTD),
        "sha256:80d9b0d0103c8f907e6de8257dca6cfc6470b6e919306ba2599964314f5cbe8c"
    );
}

/// A full disk.
struct Full;
impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_writer_or_of_the_file_ends_it() {
    for compression in [Compression::None, Compression::GZIP, Compression::ZSTD] {
        let failing = |_: &mut dyn Write| Err(io::Error::other("no more"));
        let error = compression.compress(2, io::sink(), failing).unwrap_err();
        assert_eq!(error.to_string(), "no more");
        let bytes = text(9 << 20);
        let error = compression.compress(2, Full, |out| out.write_all(&bytes)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

#[test]
fn levels_are_those_that_every_reader_takes() {
    assert_eq!(Compression::GZIP.with_level(9), Ok(Compression::Gzip(9)));
    assert_eq!(Compression::ZSTD.with_level(19), Ok(Compression::Zstd(19)));
    let error = Compression::ZSTD.with_level(20).unwrap_err();
    assert_eq!(error, "20 is no level of zstd: 1 to 19 are");
    assert!(Compression::GZIP.with_level(0).is_err());
    assert!("lz4".parse::<Compression>().unwrap_err().contains("`zstd`"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn what_is_compressed_comes_back(size in 0_usize..3_300_000, noise in any::<bool>(), level in 1_u32..10) {
        let mut bytes = text(size);
        if noise {
            let mut state = 1_u32;
            for byte in &mut bytes {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                *byte = state.to_le_bytes()[1];
            }
        }
        let compression = Compression::Gzip(level);
        let (packed, _) = compressed(compression, 2, &bytes);
        prop_assert!(plain(compression, &packed) == bytes);
    }
}
