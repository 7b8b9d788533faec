//! What a service tells, as `sd_notify(3)` writes it: `NAME=VALUE` lines.

/// The longest status that is kept, in characters.
pub(super) const STATUS: usize = 200;

/// Something that the service has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Ready,
    /// It is about to end by itself.
    Stopping,
    /// What it does, in its own words.
    Status(String),
}

/// Reads one message. `RELOADING`, `WATCHDOG`, `MAINPID`, `FDSTORE` and all others are ignored:
/// `live` is lightship's watchdog, and it knows its child.
pub(super) fn read(bytes: &[u8]) -> Vec<Told> {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .filter_map(|line| match line.split_once('=')? {
            ("READY", "1") => Some(Told::Ready),
            ("STOPPING", "1") => Some(Told::Stopping),
            ("STATUS", status) => {
                let shown = status.chars().filter(|c| !c.is_control()).take(STATUS);
                Some(Told::Status(shown.collect()))
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_lines_are_read_and_others_ignored() {
        let message = b"MAINPID=7\nSTATUS=warming\x1b up\nREADY=1\nWATCHDOG=1\nREADY=0\nrubbish";
        assert_eq!(read(message), [Told::Status("warming up".to_owned()), Told::Ready]);
        assert_eq!(read(b"STOPPING=1"), [Told::Stopping]);
        assert_eq!(read(b"\xff\xfe"), []);
        let long = format!("STATUS={}", "x".repeat(4000));
        assert!(matches!(&read(long.as_bytes())[..], [Told::Status(text)] if text.len() == STATUS));
    }
}
