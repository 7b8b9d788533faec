//! What has to hold for messages to `NOTIFY_SOCKET`, whatever is in them.

use super::message::{STATUS, Told, read};

/// Reads `bytes` as one message.
pub(crate) fn message(bytes: &[u8]) {
    let told = read(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').count();
    assert!(told.len() <= lines, "{} things in {lines} lines", told.len());
    for told in &told {
        match told {
            Told::Ready => assert!(has(bytes, b"READY=1")),
            Told::Stopping => assert!(has(bytes, b"STOPPING=1")),
            Told::Status(text) => {
                assert!(text.chars().count() <= STATUS && !text.contains(char::is_control));
                assert!(has(bytes, b"STATUS="));
            }
        }
    }
}

fn has(bytes: &[u8], line: &[u8]) -> bool {
    bytes.windows(line.len()).any(|window| window == line)
}
