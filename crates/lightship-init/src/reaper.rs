//! The one owner of `waitpid(-1)`: every process that ends under lightship is collected here,
//! those it started and those that were left to it.

use lightship_model::event::Exit;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, WaitStatus, wait, waitid};

use crate::signal::Signal;

/// What waiting has brought.
#[derive(Debug, Default)]
pub(crate) struct Reaped {
    /// Processes that ended.
    pub(crate) ended: Vec<(Pid, Exit)>,
    /// Processes that were stopped by a signal, and live.
    pub(crate) stopped: Vec<(Pid, Signal)>,
    /// No child is left, of whomsoever.
    pub(crate) alone: bool,
}

/// Collects every process that has ended or was stopped by now.
pub(crate) fn reap() -> Reaped {
    let mut reaped = Reaped::default();
    loop {
        match wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            Ok(Some((pid, status))) => reaped.take(pid, status),
            Err(Errno::INTR) => {}
            Err(Errno::CHILD) => {
                reaped.alone = true;
                return reaped;
            }
            Ok(None) | Err(_) => return reaped,
        }
    }
}

/// Whether there is no child, of whomsoever, not even one that has ended and waits for
/// [`reap`]: nothing is collected.
pub(crate) fn are_none_left() -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::All, options).is_err_and(|error| error == Errno::CHILD)
}

impl Reaped {
    fn take(&mut self, pid: Pid, status: WaitStatus) {
        if let Some(exit) = exit(status) {
            self.ended.push((pid, exit));
        } else if let Some(signal) = status.stopping_signal().and_then(Signal::from_number) {
            self.stopped.push((pid, signal));
        }
    }
}

fn exit(status: WaitStatus) -> Option<Exit> {
    let number = |value: i32| u8::try_from(value).unwrap_or(u8::MAX);
    let code = status.exit_status().map(|code| Exit::Code(number(code)));
    code.or_else(|| status.terminating_signal().map(|signal| Exit::Signal(number(signal))))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "no reaper runs in this test")]
    fn looking_whether_anybody_is_left_takes_no_exit_status_away() {
        let mut child = Command::new("sh").args(["-c", "exit 7"]).spawn().unwrap();
        let pid = Pid::from_child(&child);
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), ended).unwrap();
        assert!(!are_none_left());
        assert_eq!(child.wait().unwrap().code(), Some(7));
    }
}
