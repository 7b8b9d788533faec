//! How a line of a process's output looks in the container's log.

use lightship_model::manifest::LogMode;
use lightship_model::time::Timestamp;
use serde::Serialize as _;

use super::pieces::Piece;

/// Which of its two streams a process wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

impl Stream {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Out => "stdout",
            Self::Err => "stderr",
        }
    }
}

/// The look of the lines of one process.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) mode: LogMode,
    pub(super) process: String,
}

impl Format {
    /// The look of what lightship has to say itself: attributed in every mode.
    pub(super) fn of_lightship(&self) -> Self {
        let mode = match self.mode {
            LogMode::Inherit | LogMode::Prefix => LogMode::Prefix,
            LogMode::Json => LogMode::Json,
        };
        Self { mode, process: "lightship-init".to_owned() }
    }

    /// Appends `piece` to `out`. `continues` when the line began in the piece before.
    pub(super) fn line(
        &self,
        stream: Stream,
        piece: Piece<'_>,
        continues: bool,
        at: Timestamp,
        out: &mut Vec<u8>,
    ) {
        match self.mode {
            LogMode::Inherit => {
                out.extend_from_slice(piece.bytes);
                if piece.partial {
                    return;
                }
            }
            LogMode::Prefix => {
                out.extend_from_slice(self.process.as_bytes());
                out.extend_from_slice(if continues { b" + " } else { b" | " });
                out.extend_from_slice(piece.bytes);
            }
            LogMode::Json => {
                out.extend_from_slice(b"{\"at\":\"");
                out.extend_from_slice(at.to_string().as_bytes());
                out.extend_from_slice(b"\",\"stream\":\"");
                out.extend_from_slice(stream.name().as_bytes());
                out.extend_from_slice(b"\",\"process\":");
                json(&self.process, out);
                out.extend_from_slice(b",\"line\":");
                json(&String::from_utf8_lossy(piece.bytes), out);
                if piece.partial {
                    out.extend_from_slice(b",\"partial\":true");
                }
                out.push(b'}');
            }
        }
        out.push(b'\n');
    }
}

/// Appends `text` as JSON has it.
fn json(text: &str, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    text.serialize(&mut serde_json::Serializer::new(out)).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(mode: LogMode, bytes: &[u8], partial: bool, continues: bool) -> String {
        let format = Format { mode, process: "gate\"way".to_owned() };
        let mut out = Vec::new();
        let at = Timestamp::from_millis(0);
        format.line(Stream::Err, Piece { bytes, partial }, continues, at, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_prefix_names_the_process_and_marks_what_continues() {
        assert_eq!(show(LogMode::Prefix, b"hello", false, false), "gate\"way | hello\n");
        assert_eq!(show(LogMode::Prefix, b"more", true, true), "gate\"way + more\n");
    }

    #[test]
    fn json_is_an_object_a_line_whatever_the_bytes() {
        let line = show(LogMode::Json, b"a\"\x1b\xff\t", true, false);
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["line"], "a\"\u{1b}\u{fffd}\t");
        assert_eq!((&value["process"], &value["stream"]), (&"gate\"way".into(), &"stderr".into()));
        assert_eq!(value["partial"], true);
        assert!(value["at"].as_str().unwrap().starts_with("1970-01-01T00:00:00"));
        assert!(!show(LogMode::Json, b"x", false, false).contains("partial"));
    }
}
