//! One control group in one tree: the bounds of a command, whether they were struck, and its
//! end with everybody in it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::Branch;
use super::place::Kind;

/// How long killed processes have to die: idle ones die late, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

/// A bound that was struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::confine) enum Struck {
    Memory,
    Processes,
}

/// A group; dropping it leaves nobody alive in it, and removes it.
#[derive(Debug)]
pub(in crate::confine) struct Group {
    kind: Kind,
    dir: PathBuf,
    pub(in crate::confine) memory: bool,
    pub(in crate::confine) pids: bool,
}

impl Group {
    /// Makes one below `branch`; nothing where the kernel refuses.
    pub(super) fn make(branch: &Branch, memory: Option<u64>, processes: u32) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = branch.dir.join(format!("{}-{number}", std::process::id()));
        // It goes when a neighbour's last command has ended and its loader with it.
        fs::create_dir_all(&dir).ok()?;
        let mut group = Self { kind: branch.kind, dir, memory: branch.memory, pids: false };
        if let (true, Some(memory)) = (branch.memory, memory) {
            group.memory = bound_memory(&group.dir, memory);
        }
        if branch.memory {
            // Half of an installer is of no use.
            set(&group.dir, "memory.oom.group", "1");
        }
        if branch.pids {
            group.pids = set(&group.dir, "pids.max", &processes.to_string());
        }
        if matches!(branch.kind, Kind::Unified | Kind::Processor) {
            be_idle(&group.dir);
        }
        Some(group)
    }

    /// The file through which a process enters.
    pub(in crate::confine) fn door(&self) -> Option<File> {
        OpenOptions::new().write(true).open(self.dir.join("cgroup.procs")).ok()
    }

    /// The processes in it.
    pub(in crate::confine) fn numbers(&self) -> BTreeSet<i32> {
        members(&self.dir).into_iter().map(|pid| pid.as_raw_nonzero().get()).collect()
    }

    /// From now on nobody in it starts another process.
    pub(in crate::confine) fn close(&self) {
        set(&self.dir, "pids.max", "0");
    }

    /// Which bound was struck, if one was.
    pub(in crate::confine) fn struck(&self) -> Option<Struck> {
        let killed = match self.kind {
            Kind::Unified => "memory.events",
            Kind::Memory | Kind::Pids | Kind::Processor => "memory.oom_control",
        };
        if self.memory && count(&self.dir, killed, "oom_kill") > 0 {
            return Some(Struck::Memory);
        }
        (self.pids && count(&self.dir, "pids.events", "max") > 0).then_some(Struck::Processes)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        end(&self.dir);
    }
}

/// Where the processor is divided among groups, this one takes what others leave.
pub(super) fn be_idle(dir: &Path) {
    // Idle groups are there since Linux 5.15; before, one weighs as little as it can.
    if !set(dir, "cpu.idle", "1") && !set(dir, "cpu.weight", "1") {
        set(dir, "cpu.shares", "2");
    }
}

/// Bounds the memory of a group, with its swap.
pub(super) fn bound_memory(dir: &Path, bytes: u64) -> bool {
    let text = bytes.to_string();
    if set(dir, "memory.max", &text) {
        set(dir, "memory.swap.max", "0");
        return true;
    }
    let bound = set(dir, "memory.limit_in_bytes", &text);
    if bound {
        // Absent where the kernel does not count swap.
        set(dir, "memory.memsw.limit_in_bytes", &text);
    }
    bound
}

/// Writes a group's setting; whether the kernel took it.
pub(super) fn set(dir: &Path, file: &str, value: &str) -> bool {
    let file = OpenOptions::new().write(true).open(dir.join(file));
    file.and_then(|mut file| file.write_all(value.as_bytes())).is_ok()
}

/// Kills everybody in the group at `dir`, and removes it.
pub(super) fn end(dir: &Path) {
    let until = Instant::now() + PATIENCE;
    // Nobody starts others meanwhile; and from Linux 5.14 the kernel kills them all at once.
    set(dir, "pids.max", "0");
    loop {
        set(dir, "cgroup.kill", "1");
        let pids = members(dir);
        for pid in &pids {
            // It may have ended by itself in between.
            kill_process(*pid, Signal::KILL).unwrap_or_default();
        }
        reap(&pids);
        let removed = pids.is_empty() && fs::remove_dir(dir).is_ok();
        if removed || !dir.exists() || Instant::now() >= until {
            return;
        }
        std::thread::park_timeout(PAUSE);
    }
}

fn members(dir: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

/// Orphans come to the loader, and nobody else waits for them.
fn reap(pids: &[Pid]) {
    for pid in pids.iter().filter(|pid| !crate::install::process::is_leader(**pid)) {
        // Not ours, or not dead yet: then it is not for us, or for the next time.
        waitpid(Some(*pid), WaitOptions::NOHANG).unwrap_or_default();
    }
}

/// The number behind `name` in a group's file of counters.
fn count(dir: &Path, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(dir.join(file)).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A group of version 2, as plain files: this machine may have version 1 alone.
    fn unified(events: &str) -> (tempfile::TempDir, Group) {
        let dir = tempfile::tempdir().unwrap();
        for file in ["memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.weight"]
        {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let branch =
            Branch { kind: Kind::Unified, dir: dir.path().to_owned(), memory: true, pids: true };
        let group = Group {
            kind: branch.kind,
            dir: dir.path().to_owned(),
            memory: bound_memory(dir.path(), 1 << 20),
            pids: set(dir.path(), "pids.max", "64"),
        };
        fs::write(dir.path().join("memory.events"), events).unwrap();
        (dir, group)
    }

    #[test]
    fn version_2_is_bounded_by_its_own_files() {
        let (dir, group) = unified("low 0\noom 1\noom_kill 0\noom_group_kill 0\n");
        let read = |file| fs::read_to_string(dir.path().join(file)).unwrap();
        assert_eq!((read("memory.max"), read("pids.max")), ("1048576".into(), "64".into()));
        assert_eq!(read("memory.swap.max"), "0");
        assert_eq!(group.struck(), None);
        fs::write(dir.path().join("pids.events"), "max 3\n").unwrap();
        assert_eq!(group.struck(), Some(Struck::Processes));
        fs::write(dir.path().join("memory.events"), "oom_kill 2\n").unwrap();
        assert_eq!(group.struck(), Some(Struck::Memory));
        // Its files are no kernel's, so its directory would not go.
        std::mem::forget(group);
    }

    #[test]
    fn a_file_that_is_not_there_is_no_bound() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!bound_memory(dir.path(), 1));
        assert_eq!(count(dir.path(), "pids.events", "max"), 0);
        assert!(!dir.path().join("memory.max").exists());
    }
}
