//! Who belongs to an installer, where no control group says so: its session, its descendants,
//! and orphans that have nobody else.
//!
//! The loader is a subreaper: what an installer's daemon does to leave its parents makes it the
//! loader's own child. Children that the loader knows are left alone: they are in its session,
//! or lead one that it has noted.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::install::process;

/// How long killed processes have to die: idle ones die late, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

/// A process, as `/proc/PID/stat` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    parent: i32,
    session: i32,
    threads: u32,
    dead: bool,
}

/// What a family uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// Processes and threads.
    pub(super) threads: u64,
    /// Memory that belongs to nothing on disk, in bytes.
    pub(super) memory: u64,
}

/// What the family of the installer `leader` uses.
pub(super) fn uses(leader: u32, orphans: Orphans, with_memory: bool) -> Use {
    let family = living(leader, orphans);
    Use {
        threads: family.iter().map(|process| u64::from(process.threads)).sum(),
        memory: if with_memory {
            family.iter().map(|process| memory(process.pid)).sum()
        } else {
            0
        },
    }
}

/// Whether orphans that nobody knows are taken for an installer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orphans {
    Its,
    /// Unless another installer runs, whose they may be as well.
    ItsIfAlone,
    /// A control group has everybody of this installer: they are another's.
    Others,
}

/// The living of the family who have left the session of `leader`, of `within` where that is
/// known, by name.
pub(super) fn detached(leader: u32, within: Option<&BTreeSet<i32>>) -> BTreeSet<String> {
    let all = match within {
        Some(within) => processes().into_iter().filter(|it| within.contains(&it.pid)).collect(),
        None => living(leader, Orphans::ItsIfAlone),
    };
    let left = all.into_iter().filter(|it| !it.dead && u32::try_from(it.session) != Ok(leader));
    // One without a name has ended meanwhile.
    let named = left.map(|process| name(process.pid));
    named.filter(|name| !name.is_empty()).collect()
}

fn name(pid: i32) -> String {
    let comm = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("comm"));
    lightship_model::excerpt::clean(comm.unwrap_or_default().trim_end())
}

/// Kills the family of `leader`, until there is none, and takes its dead away. `leader` itself
/// is waited for by whoever started it.
pub(super) fn end(leader: u32, orphans: Orphans) {
    let until = Instant::now() + PATIENCE;
    loop {
        let family = living(leader, orphans);
        for process in &family {
            kill(process.pid);
        }
        reap();
        if family.is_empty() || Instant::now() >= until {
            return;
        }
        std::thread::park_timeout(PAUSE);
    }
}

/// Takes away orphans that are dead: nobody else waits for them.
pub(super) fn reap() {
    let loader = own();
    process::with_leaders(|leaders, settled| {
        let all = if settled { processes() } else { Vec::new() };
        for orphan in
            all.iter().filter(|process| process.dead && is_orphan(process, loader, leaders))
        {
            if let Some(pid) = Pid::from_raw(orphan.pid) {
                // Somebody else was faster: then it is gone as well.
                waitpid(Some(pid), WaitOptions::NOHANG).unwrap_or_default();
            }
        }
    });
}

fn living(leader: u32, orphans: Orphans) -> Vec<Process> {
    let this = own();
    process::with_leaders(|leaders, settled| {
        // A child that another thread is starting looks like an orphan until it is noted.
        let counted = match orphans {
            Orphans::Its => settled,
            Orphans::ItsIfAlone => settled && leaders.len() < 2,
            Orphans::Others => false,
        };
        let this = if counted { this } else { (-1, -1) };
        members(&processes(), i32::try_from(leader).unwrap_or(-1), this, leaders)
    })
}

/// The loader as `stat` shows it: its number and its session.
fn own() -> (i32, i32) {
    let own = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| parse(&stat));
    own.map_or((-1, -1), |own| (own.pid, own.session))
}

/// The living members of a family: the session of `leader`, orphans of the loader, and all
/// descendants of either.
fn members(
    all: &[Process],
    leader: i32,
    this: (i32, i32),
    leaders: &BTreeSet<u32>,
) -> Vec<Process> {
    let mut found: BTreeSet<i32> = BTreeSet::new();
    loop {
        let more = all.iter().filter(|process| {
            !found.contains(&process.pid)
                && (process.pid == leader
                    || process.session == leader
                    || found.contains(&process.parent)
                    || is_orphan(process, this, leaders))
        });
        let more: Vec<i32> = more.map(|process| process.pid).collect();
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    let living = all.iter().filter(|process| found.contains(&process.pid) && !process.dead);
    living.copied().collect()
}

/// A child of the loader that it has not started: in no session that it knows, or in an
/// installer's without being its leader.
fn is_orphan(process: &Process, (loader, session): (i32, i32), leaders: &BTreeSet<u32>) -> bool {
    let knows = |pid: i32| u32::try_from(pid).is_ok_and(|pid| leaders.contains(&pid));
    let foreign = process.session != session && !knows(process.pid);
    // The dead of a session that still goes on may be taken away; its living are at work.
    process.parent == loader && foreign && (process.dead || !knows(process.session))
}

fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = entries.filter_map(|entry| {
        entry.file_name().to_str()?.parse::<i32>().ok()?;
        parse(&fs::read_to_string(entry.path().join("stat")).ok()?)
    });
    stats.collect()
}

fn parse(stat: &str) -> Option<Process> {
    // The name in brackets may hold anything, brackets included.
    let (front, back) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = back.split(' ').collect();
    let number = |place: usize| fields.get(place)?.parse::<i32>().ok();
    Some(Process {
        pid: front.split(' ').next()?.parse().ok()?,
        parent: number(1)?,
        session: number(3)?,
        threads: u32::try_from(number(17)?).ok()?,
        dead: matches!(fields.first(), Some(&("Z" | "X"))),
    })
}

/// Memory of a process that belongs to nothing on disk. What it shares with others counts for
/// each.
fn memory(pid: i32) -> u64 {
    let path = Path::new("/proc").join(pid.to_string()).join("status");
    anonymous(&fs::read_to_string(path).unwrap_or_default())
}

fn anonymous(status: &str) -> u64 {
    let kibibytes = status.lines().filter_map(|line| {
        let value = line.strip_prefix("RssAnon:").or_else(|| line.strip_prefix("RssShmem:"))?;
        value.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    kibibytes.sum::<u64>().saturating_mul(1024)
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid).filter(|pid| pid.as_raw_nonzero().get() > 1) {
        // It may have ended by itself in between.
        kill_process(pid, Signal::KILL).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADER: (i32, i32) = (10, 5);

    fn process(pid: i32, parent: i32, session: i32) -> Process {
        Process { pid, parent, session, threads: 1, dead: false }
    }

    fn family(all: &[Process], leaders: &[u32]) -> Vec<i32> {
        let leaders = leaders.iter().copied().collect();
        members(all, 20, LOADER, &leaders).iter().map(|process| process.pid).collect()
    }

    #[test]
    fn a_family_is_its_session_its_descendants_and_orphans_that_nobody_knows() {
        let all = [
            process(10, 1, 5),
            process(20, 10, 20),
            process(21, 20, 20),
            process(22, 21, 22), // has begun a session
            process(23, 22, 22),
            process(24, 10, 20), // an orphan in the installer's session
            process(25, 10, 25), // an orphan that has left it
            process(26, 25, 25),
            process(1, 0, 1),
            process(2, 1, 2),
        ];
        assert_eq!(family(&all, &[20]), [20, 21, 22, 23, 24, 25, 26]);
    }

    #[test]
    fn other_installers_and_the_loaders_own_children_are_left_alone() {
        let all = [
            process(20, 10, 20),
            process(30, 10, 30), // another installer
            process(31, 10, 30), // its orphan
            process(40, 10, 5),  // in the loader's own session
        ];
        assert_eq!(family(&all, &[20, 30]), [20]);
    }

    #[test]
    fn only_dead_orphans_are_taken_away() {
        let leaders = [20, 30].into_iter().collect();
        let dead = |process: Process| Process { dead: true, ..process };
        assert!(is_orphan(&dead(process(31, 10, 30)), LOADER, &leaders));
        assert!(!is_orphan(&process(31, 10, 30), LOADER, &leaders));
        assert!(!is_orphan(&dead(process(30, 10, 30)), LOADER, &leaders), "it is waited for");
        assert!(!is_orphan(&dead(process(40, 10, 5)), LOADER, &leaders), "it is waited for");
        assert!(!is_orphan(&dead(process(50, 1, 50)), LOADER, &leaders), "it is not ours");
    }

    #[test]
    fn a_name_can_not_disguise_a_process() {
        let stat = "42 (sh) Z 1 (x) S 10 42 25 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 3 0 1 2 3";
        assert_eq!(parse(stat), Some(Process { threads: 3, ..process(42, 10, 25) }));
        let memory =
            anonymous("VmRSS:\t9 kB\nRssAnon:\t  100 kB\nRssFile:\t5 kB\nRssShmem:\t 4 kB\n");
        assert_eq!(memory, 104 * 1024);
    }
}
