//! Signalling many processes: a group, a session, and everything that is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use rustix::process::{Pid, getpid};

use crate::signal::Signal;
use crate::sys::{Target, kill};

/// How often the list of processes is read again to find those that were forked meanwhile.
const ROUNDS: usize = 10;

/// Sends `signal` to one process, which this one has not reaped yet.
pub(crate) fn signal_process(pid: Pid, signal: Signal) {
    send(Target::Process(pid), signal);
}

/// Sends `signal` to every process of the group that `leader` made.
pub(crate) fn signal_group(leader: Pid, signal: Signal) {
    send(Target::Group(leader), signal);
}

/// Whether any process is left in the group that `leader` made.
pub(crate) fn group_exists(leader: Pid) -> bool {
    kill(Target::Group(leader), 0).is_ok()
}

/// Sends `signal` once to every process of the session that `leader` made, in whatever groups
/// they are by now.
pub(crate) fn signal_session(leader: Pid, signal: Signal) {
    let session = leader.as_raw_nonzero().get();
    let reached = signal_all(signal, |processes| {
        let in_session = processes.iter().filter(|(_, process)| process.session == session);
        in_session.map(|(pid, _)| *pid).collect()
    });
    if !reached {
        // Without /proc, the leader's own group is what can be reached.
        signal_group(leader, signal);
    }
}

/// Sends `signal` to everything that is left in the container: as PID 1 to every process there
/// is, otherwise to all descendants of this one. Without `/proc`, those of the `group` are all
/// that can be found.
pub(crate) fn signal_rest(signal: Signal, group: Option<Pid>) {
    let itself = getpid();
    if itself == Pid::INIT {
        send(Target::Everybody, signal);
    } else {
        let root = itself.as_raw_nonzero().get();
        let reached = signal_all(signal, |processes| descendants(processes, root));
        if let Some(group) = group.filter(|_| !reached) {
            signal_group(group, signal);
        }
    }
}

/// That somebody is gone already is no error.
fn send(target: Target, signal: Signal) {
    kill(target, signal.number()).unwrap_or_default();
}

/// Sends `signal` once to each process that `choose` finds, also to those that come while it is
/// sent. Whether there was any.
fn signal_all(signal: Signal, choose: impl Fn(&BTreeMap<i32, Process>) -> Vec<i32>) -> bool {
    let mut reached = BTreeSet::new();
    for _ in 0..ROUNDS {
        let Ok(processes) = processes() else { break };
        let before = reached.len();
        for pid in choose(&processes) {
            if reached.insert(pid)
                && let Some(pid) = Pid::from_raw(pid)
            {
                signal_process(pid, signal);
            }
        }
        if reached.len() == before {
            break;
        }
    }
    !reached.is_empty()
}

/// What `/proc/…/stat` says of a living process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    parent: i32,
    session: i32,
}

fn processes() -> io::Result<BTreeMap<i32, Process>> {
    let entries = fs::read_dir("/proc")?;
    let process = |entry: io::Result<fs::DirEntry>| {
        let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
        // The name of a process may be any bytes.
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, parse(&String::from_utf8_lossy(&stat))?))
    };
    Ok(entries.filter_map(process).collect())
}

/// The dead, who only wait to be reaped, are left out.
fn parse(stat: &str) -> Option<Process> {
    // The name stands in parentheses and may hold anything, also `)`.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    (state != "Z" && state != "X").then_some(Process { parent, session })
}

/// All processes whose line of parents leads to `root`, without itself.
fn descendants(processes: &BTreeMap<i32, Process>, root: i32) -> Vec<i32> {
    let leads_to_root = |pid: &i32| {
        let parents =
            std::iter::successors(processes.get(pid), |process| processes.get(&process.parent));
        // A list that was read while processes came and went could hold a ring.
        parents.take(processes.len()).any(|process| process.parent == root)
    };
    processes.keys().copied().filter(leads_to_root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parent_and_session_are_found_behind_any_name() {
        let process = Some(Process { parent: 1, session: 5 });
        assert_eq!(parse("7 (a) b) 1 2) S 1 7 5 0 -1 4194560"), process);
        assert_eq!(parse("7 (sh) Z 1 7 5 0"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn descendants_are_found_over_any_number_of_generations() {
        let tree = [(2, 1), (3, 2), (4, 3), (5, 1), (6, 6), (8, 9), (9, 8)];
        let tree = tree.map(|(pid, parent)| (pid, Process { parent, session: 0 }));
        let tree = BTreeMap::from(tree);
        assert_eq!(descendants(&tree, 2), [3, 4]);
        assert!(descendants(&tree, 7).is_empty());
    }
}
