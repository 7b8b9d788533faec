//! What a service says, in any bytes: its output into the log, its messages to
//! `NOTIFY_SOCKET`.

/// Reads `bytes` as a service's output and as its message.
pub fn output(bytes: &[u8]) {
    crate::logs::fuzz_lines(bytes);
    crate::notify::fuzz_message(bytes);
}
