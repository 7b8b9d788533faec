//! What has to hold for the lines of a service's output, in whatever bytes and pieces it comes.

use lightship_model::manifest::LogMode;
use lightship_model::time::Timestamp;

use super::format::{Format, Stream};
use super::matcher::Matcher;
use super::pieces::{LIMIT, Piece, Pieces};
use crate::fuzz::pieces;

/// What `ready = { log = … }` looks for here.
const READY: &str = "ready: now";

/// Reads `bytes` as the output of a service.
pub(crate) fn lines(bytes: &[u8]) {
    let pieces = pieces(bytes, 40);
    assert_eq!(cut(&[bytes]), cut(&pieces), "pieces make a difference");
    finds_what_is_there(bytes, &pieces);
    let plain = written(LogMode::Inherit, bytes);
    let ended = plain.strip_suffix(b"\n").unwrap_or(&plain);
    assert_eq!(ended, bytes.strip_suffix(b"\n").unwrap_or(bytes), "output was changed");
    for line in lines_of(&written(LogMode::Prefix, bytes)) {
        assert!(line.starts_with(b"web | ") || line.starts_with(b"web + "), "{line:?}");
    }
    for line in lines_of(&written(LogMode::Json, bytes)) {
        let Ok(serde_json::Value::Object(line)) = serde_json::from_slice(line) else {
            panic!("{} is no object", String::from_utf8_lossy(line));
        };
        assert!(line["line"].is_string() && line["process"] == "web", "{line:?}");
    }
}

/// The lines, each with whether it goes on.
fn cut(input: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
    let mut pieces = Pieces::default();
    let mut found = Vec::new();
    let mut keep = |piece: Piece<'_>| {
        assert!(piece.bytes.len() <= LIMIT && !piece.bytes.contains(&b'\n'));
        found.push((piece.bytes.to_vec(), piece.partial));
    };
    for bytes in input {
        let mut bytes = *bytes;
        while let Some(piece) = pieces.next(&mut bytes) {
            keep(piece);
        }
        assert!(bytes.is_empty(), "something was left");
    }
    if let Some(piece) = pieces.finish() {
        keep(piece);
    }
    assert_eq!(pieces.finish(), None);
    found
}

fn finds_what_is_there(bytes: &[u8], pieces: &[&[u8]]) {
    let mut matcher = Matcher::new(READY);
    let found = pieces.iter().any(|piece| matcher.sees(piece));
    let there = bytes.windows(READY.len()).any(|window| window == READY.as_bytes());
    assert_eq!(found, there);
}

fn written(mode: LogMode, bytes: &[u8]) -> Vec<u8> {
    let format = Format { mode, process: "web".to_owned() };
    let mut out = Vec::new();
    let mut continues = false;
    for (bytes, partial) in cut(&[bytes]) {
        let piece = Piece { bytes: &bytes, partial };
        format.line(Stream::Out, piece, continues, Timestamp::from_millis(0), &mut out);
        continues = partial;
    }
    out
}

fn lines_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    assert!(text.is_empty() || text.ends_with(b"\n"), "a line without an end");
    text.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}
