//! The one owner of `waitpid(-1)`: every process that ends under lightship is collected here,
//! those it started and those that were left to it.

use lightship_model::event::Exit;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};

/// Collects every process that has ended by now.
pub(crate) fn reap() -> Vec<(Pid, Exit)> {
    let mut ended = Vec::new();
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => ended.extend(exit(status).map(|exit| (pid, exit))),
            Err(Errno::INTR) => {}
            Ok(None) | Err(_) => return ended,
        }
    }
}

fn exit(status: WaitStatus) -> Option<Exit> {
    let number = |value: i32| u8::try_from(value).unwrap_or(u8::MAX);
    let code = status.exit_status().map(|code| Exit::Code(number(code)));
    code.or_else(|| status.terminating_signal().map(|signal| Exit::Signal(number(signal))))
}
