//! `audit.jsonl`: one line an act, each with the digest of the line before it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use lightship_model::digest::Digest;
use lightship_model::name::ToolName;
use lightship_model::time::Timestamp;
use serde::Serialize;

/// What was done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "act", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum Act {
    /// A loader began: how many tools are there, how many it will install.
    Start {
        installed: usize,
        to_install: usize,
    },
    /// Rubbish of a dead loader was removed.
    Sweep {
        prefixes: Vec<String>,
    },
    /// A file that could not be read was set aside.
    SetAside {
        file: String,
        reason: String,
    },
    /// A child process was run: the program, and what for.
    Run {
        tool: ToolName,
        program: String,
        purpose: &'static str,
    },
    Download {
        tool: ToolName,
        from: String,
        sha256: Digest,
        bytes: u64,
    },
    Install {
        tool: ToolName,
        version: String,
        key: String,
        attempt: u32,
    },
    Installed {
        tool: ToolName,
        version: String,
        key: String,
        took_ms: u64,
    },
    PreExisting {
        tool: ToolName,
        program: String,
    },
    Failed {
        tool: ToolName,
        attempt: u32,
        error: String,
    },
    Skipped {
        tool: ToolName,
        reason: String,
    },
    Complete {
        installed: usize,
        failed: usize,
        skipped: usize,
        took_ms: u64,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    #[serde(flatten)]
    act: &'a Act,
    by: String,
    /// Digest of the line before, without its newline; of nothing for the first.
    prev: Digest,
}

/// Appends an act. The file is locked meanwhile, so that two writers' chains don't fork.
pub(crate) fn append(path: &Path, at: Timestamp, act: &Act) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // A volume without locks keeps the trail all the same; a loader has it for itself there.
    match file.lock() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
        _ => {}
    }
    let (last, torn) = last_line(&mut file)?;
    let by = format!("loader {}", std::process::id());
    let line = Line { at, act, by, prev: Digest::of(&last) };
    let mut text = Vec::new();
    if torn {
        text.push(b'\n');
    }
    serde_json::to_writer(&mut text, &line)?;
    text.push(b'\n');
    file.write_all(&text)
}

/// The last line without its newline, and whether it lacks one: the trace of a crash.
fn last_line(file: &mut File) -> io::Result<(Vec<u8>, bool)> {
    const STEP: u64 = 4096;
    let mut start = file.seek(SeekFrom::End(0))?;
    let mut tail: Vec<u8> = Vec::new();
    while start > 0 {
        let from = start.saturating_sub(STEP);
        let mut block = vec![0; usize::try_from(start - from).unwrap_or_default()];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut block)?;
        block.append(&mut tail);
        tail = block;
        start = from;
        let body = tail.strip_suffix(b"\n").unwrap_or(&tail);
        if let Some(at) = body.iter().rposition(|byte| *byte == b'\n') {
            tail.drain(..=at);
            break;
        }
    }
    let torn = !tail.is_empty() && tail.last() != Some(&b'\n');
    if !torn {
        tail.pop();
    }
    Ok((tail, torn))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(installed: usize) -> Act {
        Act::Start { installed, to_install: 0 }
    }

    #[test]
    fn each_line_carries_the_digest_of_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let at = Timestamp::from_millis(0);
        for count in 0..3 {
            append(&path, at, &act(count)).unwrap();
        }
        // A line longer than the block that the tail is read in.
        let long = Act::Skipped { tool: "x".parse().unwrap(), reason: "y".repeat(9000) };
        append(&path, at, &long).unwrap();
        append(&path, at, &act(3)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut prev = Digest::of(b"");
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["prev"], prev.as_str());
            prev = Digest::of(line.as_bytes());
        }
        assert_eq!(text.lines().count(), 5);
    }

    #[test]
    fn after_a_torn_line_the_chain_goes_on_in_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        std::fs::write(&path, "{\"at\":\"x\"}\n{\"torn").unwrap();
        append(&path, Timestamp::from_millis(0), &act(1)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let last = text.lines().last().unwrap();
        let value: serde_json::Value = serde_json::from_str(last).unwrap();
        assert_eq!(value["prev"], Digest::of(b"{\"torn").as_str());
        assert_eq!(text.lines().count(), 3);
    }
}
