//! Who may speak for the service: its process, whoever is in its group, and their descendants.
//!
//! `systemd-notify` and scripts send through short-lived children: one that is gone by the time
//! its message is read can't be looked up, and is believed if it ran as lightship's own user. A
//! sender outside lightship's PID namespace has no number here, and is never believed.

use std::fs;

use rustix::process::{Pid, geteuid, getpgid};

use crate::sys::Sender;

/// How far up the line of parents is followed.
const GENERATIONS: usize = 32;

/// Whether `sender` belongs to the service that `leader` leads.
pub(super) fn is_of(sender: Sender, leader: Option<Pid>) -> bool {
    let (Some(leader), Some(mut pid)) = (leader, Pid::from_raw(sender.pid)) else { return false };
    for generation in 0..GENERATIONS {
        // PID 1 and beyond: past everything that the service can be.
        if pid.as_raw_nonzero().get() <= 1 && pid != leader {
            return false;
        }
        if pid == leader || getpgid(Some(pid)).is_ok_and(|group| group == leader) {
            return true;
        }
        match parent(pid) {
            Some(parent) => pid = parent,
            None => return generation == 0 && is_gone(pid) && sender.uid == geteuid().as_raw(),
        }
    }
    false
}

fn is_gone(pid: Pid) -> bool {
    getpgid(Some(pid)).is_err()
}

fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    Pid::from_raw(parent_of(&stat)?)
}

/// The parent of a process, from its `/proc/…/stat`.
fn parent_of(stat: &str) -> Option<i32> {
    // The name stands in parentheses and may hold anything, also `)`.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use rustix::process::{getpid, getppid, getuid};

    use super::*;

    fn sender(pid: Pid) -> Sender {
        Sender { pid: pid.as_raw_nonzero().get(), uid: getuid().as_raw() }
    }

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent_of("7 (a) b) 1 2) S 3 7 5 0"), Some(3));
        assert_eq!(parent_of(""), None);
    }

    #[test]
    fn a_descendant_speaks_for_the_service_and_an_ancestor_does_not() {
        let (me, parent) = (getpid(), getppid().unwrap());
        assert!(is_of(sender(me), Some(me)));
        assert!(is_of(sender(me), Some(parent)));
        let nobody = Pid::from_raw(i32::MAX);
        assert!(!is_of(sender(me), nobody));
        assert!(!is_of(sender(me), None));
    }

    #[test]
    fn one_that_is_gone_is_believed_if_it_was_ones_own() {
        let gone = Pid::from_raw(i32::MAX).unwrap();
        assert!(is_of(sender(gone), Some(getpid())));
        let other = Sender { uid: getuid().as_raw() + 1, ..sender(gone) };
        assert!(!is_of(other, Some(getpid())));
        assert!(!is_of(Sender { pid: 0, ..sender(gone) }, Some(getpid())));
    }
}
