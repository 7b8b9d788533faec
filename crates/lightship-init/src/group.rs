//! Signalling many processes: a process group, and a session.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{self as kernel, Pid};

use crate::supervisor::Signal;

/// How often the list of processes is read again to find those that were forked meanwhile.
const ROUNDS: usize = 10;

/// Sends `signal` to every process of the group that `leader` made. That it is gone already is
/// no error.
pub(crate) fn signal_group(leader: Pid, signal: Signal) {
    // Group 1 would be the whole container, and 0 this process's own.
    if leader != Pid::INIT
        && let Some(signal) = rustix_signal(signal)
    {
        kernel::kill_process_group(leader, signal).unwrap_or_default();
    }
}

/// Whether any process is left in the group that `leader` made.
pub(crate) fn group_exists(leader: Pid) -> bool {
    kernel::test_kill_process_group(leader).is_ok()
}

/// Sends `signal` once to every process of the session that `leader` made, in whatever groups
/// they are by now.
pub(crate) fn signal_session(leader: Pid, signal: Signal) {
    let Some(raw) = rustix_signal(signal) else { return };
    let mut reached = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut news = false;
        for pid in members(leader) {
            if reached.insert(pid.as_raw_nonzero()) {
                news = true;
                kernel::kill_process(pid, raw).unwrap_or_default();
            }
        }
        if !news {
            break;
        }
    }
    if reached.is_empty() {
        // Without /proc, the leader's own group is what can be reached.
        signal_group(leader, signal);
    }
}

/// The living processes of the session of `leader`.
fn members(leader: Pid) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let in_session = |pid: &Pid| {
        fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
            .ok()
            .and_then(|stat| session_of(&stat))
            == Some(leader.as_raw_nonzero().get())
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter(in_session)
        .collect()
}

/// The session of a living process, from its `/proc/…/stat`.
fn session_of(stat: &str) -> Option<i32> {
    // The name stands in parentheses and may hold anything, also `)`.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    let session = fields.nth(2)?.parse().ok()?;
    (state != "Z" && state != "X").then_some(session)
}

fn rustix_signal(signal: Signal) -> Option<kernel::Signal> {
    kernel::Signal::from_named_raw(signal.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_behind_any_name() {
        assert_eq!(session_of("7 (a) b) 1 2) S 1 7 5 0 -1 4194560"), Some(5));
        assert_eq!(session_of("7 (sh) Z 1 7 5 0"), None);
        assert_eq!(session_of(""), None);
    }
}
