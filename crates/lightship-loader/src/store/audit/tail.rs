//! The end of the trail, read from behind: what the next line continues.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use lightship_model::digest::Digest;
use serde::Deserialize;

use super::{Mark, files};
use crate::store::ToolDir;

/// How the trail ends.
pub(super) struct Tail {
    /// Lines in all files, a torn one included.
    pub(super) lines: u64,
    /// The last line without its newline; nothing when there is no line.
    pub(super) last: Vec<u8>,
    /// The last line lacks its newline: the trace of a crash.
    pub(super) torn: bool,
    /// Number of the first line of the file that is open.
    pub(super) first: Option<u64>,
}

/// The number that a line has, if it is one.
#[derive(Deserialize)]
struct Numbered {
    #[serde(default)]
    n: Option<u64>,
}

fn number(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Numbered>(line).ok()?.n
}

impl Tail {
    pub(super) fn read(dir: &ToolDir) -> io::Result<Self> {
        let mut tail = Self { lines: 0, last: Vec::new(), torn: false, first: None };
        for path in files(dir).into_iter().rev() {
            let found = Self::of(&path)?;
            if found.lines > 0 {
                tail = found;
                if path != dir.audit() {
                    tail.first = None;
                }
                break;
            }
        }
        Ok(tail)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { line: self.lines, digest: Digest::of(&self.last) }
    }

    /// The end of one file. Reads backwards until a line says its number.
    fn of(path: &Path) -> io::Result<Self> {
        const STEP: u64 = 4096;
        let mut file = File::open(path)?;
        let mut start = file.seek(SeekFrom::End(0))?;
        let mut text: Vec<u8> = Vec::new();
        loop {
            if let Some(mut tail) = Self::in_text(&text, start == 0) {
                file.seek(SeekFrom::Start(0))?;
                let mut first = Vec::new();
                BufReader::new(&file).read_until(b'\n', &mut first)?;
                tail.first = Some(number(&first).unwrap_or(1));
                return Ok(tail);
            }
            let from = start.saturating_sub(STEP.max(text.len().try_into().unwrap_or(STEP)));
            let mut block = vec![0; usize::try_from(start - from).unwrap_or_default()];
            file.seek(SeekFrom::Start(from))?;
            file.read_exact(&mut block)?;
            block.append(&mut text);
            (text, start) = (block, from);
        }
    }

    /// The tail, if `text` (the end of a file, or with `whole` all of it) is enough to tell.
    fn in_text(text: &[u8], whole: bool) -> Option<Self> {
        let torn = text.last().is_some_and(|byte| *byte != b'\n');
        let body = if torn { text } else { text.strip_suffix(b"\n").unwrap_or(text) };
        let mut tail = Self { lines: 0, last: Vec::new(), torn, first: None };
        if text.is_empty() {
            return whole.then_some(tail);
        }
        let mut lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
        if !whole {
            // It may be the end of a longer line.
            lines.remove(0);
        }
        tail.last = lines.last()?.to_vec();
        let mut after = 0;
        for line in lines.iter().rev() {
            if let Some(n) = number(line) {
                tail.lines = n + after;
                return Some(tail);
            }
            after += 1;
        }
        tail.lines = after;
        whole.then_some(tail)
    }
}
