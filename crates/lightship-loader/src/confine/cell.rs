//! What one command is held in.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::pipe::{PipeFlags, pipe_with};

use super::cgroup::{Group, Struck};
use super::family::{self, Orphans};
use super::{Breach, LOOK, Level, disk};
use crate::sys::{Child, Held};

/// How long what has detached itself may go on after the installer's end: git tidies up so.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// More daemons are not named.
const MAX_NAMES: usize = 4;

/// Everything that exists before the fork. Dropping it leaves nobody alive in its groups.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(super) required: bool,
    pub(super) drop_capabilities: bool,
    pub(super) landlock: Option<(OwnedFd, u32)>,
    pub(super) filter: Vec<libc::sock_filter>,
    pub(super) groups: Vec<Group>,
    /// Bytes.
    pub(super) memory: u64,
    pub(super) processes: u32,
    pub(super) silence: Duration,
    /// A directory of the volume that must not fill.
    pub(super) volume: PathBuf,
}

/// The end of a child's way into its cell, for [`Cell::shut`].
#[derive(Debug)]
pub(crate) struct Door {
    told: OwnedFd,
    /// For each group that the child was to enter, its place in the cell.
    places: Vec<usize>,
    landlock: Option<u32>,
}

impl Cell {
    /// Makes `command` step in when it is started.
    ///
    /// # Errors
    /// When the pipe through which it tells how that went can't be made.
    pub(crate) fn open(&mut self, command: &mut Command) -> io::Result<Door> {
        let (told, tell) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let doors = self.groups.iter().enumerate();
        let (places, groups) =
            doors.filter_map(|(place, group)| Some((place, group.door()?))).unzip();
        let (ruleset, landlock) = self.landlock.take().unzip();
        let filter = std::mem::take(&mut self.filter);
        let idle = super::is_idle();
        let child = Child {
            groups,
            landlock: ruleset,
            filter,
            drop_capabilities: self.drop_capabilities,
            required: self.required,
            idle,
            tell,
        };
        child.arrange(command);
        Ok(Door { told, places, landlock })
    }

    /// The level that the child told, once it runs. Groups that it is not in hold nobody, and
    /// are dropped.
    pub(crate) fn shut(&mut self, door: &Door) -> Level {
        let held = Held::read(&door.told);
        let mut place = 0;
        self.groups.retain(|_| {
            let door = door.places.iter().position(|known| *known == place);
            place += 1;
            door.is_some_and(|door| held.group(door))
        });
        Level {
            landlock: door.landlock.filter(|_| held.landlock()),
            seccomp: held.seccomp(),
            memory: self.groups.iter().any(|group| group.memory),
            processes: self.groups.iter().any(|group| group.pids),
        }
    }

    /// Watches over the command whose leader is `leader` and which is held by `level`.
    pub(crate) fn watch(&self, leader: u32, level: Level) -> Watch<'_> {
        let now = Instant::now();
        Watch { cell: self, leader, level, heard: now, looked: now }
    }

    fn struck(&self) -> Option<Breach> {
        self.groups.iter().find_map(Group::struck).map(|struck| match struck {
            Struck::Memory => Breach::Memory { limit: self.memory },
            Struck::Processes => Breach::Processes { limit: self.processes },
        })
    }

    /// Ends everybody whom the command has started, wherever they went; `leader` has ended.
    pub(crate) fn end(&mut self, leader: u32) {
        let orphans = if self.groups.is_empty() { Orphans::ItsIfAlone } else { Orphans::Others };
        for group in &self.groups {
            group.close();
        }
        self.groups.clear();
        family::end(leader, orphans);
    }

    fn orphans(&self) -> Orphans {
        if self.groups.is_empty() { Orphans::Its } else { Orphans::Others }
    }

    /// The names of those who have left the session of `leader` and run on although it has
    /// ended well. Whoever is about to end gets the time to.
    fn daemons(&self, leader: u32) -> Vec<String> {
        let until = Instant::now() + LAST_WORDS;
        loop {
            let within = self.groups.first().map(Group::numbers);
            let left = family::detached(leader, within.as_ref());
            if left.is_empty() || Instant::now() >= until {
                return left.into_iter().take(MAX_NAMES).collect();
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// Looks after a running command's limits.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    cell: &'a Cell,
    leader: u32,
    level: Level,
    /// When it last printed something.
    heard: Instant,
    looked: Instant,
}

impl Watch<'_> {
    /// It has printed something.
    pub(crate) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// The limit that is struck now, if one is.
    pub(crate) fn breach(&mut self) -> Option<Breach> {
        let silence = self.cell.silence;
        let silent = self.heard.elapsed() >= silence;
        self.struck()
            .or_else(|| self.family())
            .or_else(|| silent.then_some(Breach::Silence { after: silence }))
    }

    /// What the kernel has counted, and what the volume has left: also known when the command
    /// has ended because of it.
    pub(crate) fn struck(&self) -> Option<Breach> {
        self.cell.struck().or_else(|| disk(&self.cell.volume))
    }

    /// What it has left behind, now that it has ended well.
    pub(crate) fn left_behind(&self) -> Option<Breach> {
        let names = self.cell.daemons(self.leader);
        (!names.is_empty()).then_some(Breach::Daemons { names })
    }

    /// What no control group bounds is counted, every now and then.
    fn family(&mut self) -> Option<Breach> {
        if self.looked.elapsed() < LOOK {
            return None;
        }
        family::reap();
        let (memory, processes) = (self.cell.memory, self.cell.processes);
        let mut breach = None;
        if !(self.level.memory && self.level.processes) {
            let uses = family::uses(self.leader, self.cell.orphans(), !self.level.memory);
            if !self.level.processes && uses.threads > u64::from(processes) {
                breach = Some(Breach::Processes { limit: processes });
            } else if !self.level.memory && uses.memory > memory {
                breach = Some(Breach::Memory { limit: memory });
            }
        }
        self.looked = Instant::now();
        breach
    }
}
