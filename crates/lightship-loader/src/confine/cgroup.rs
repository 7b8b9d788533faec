//! Control groups: a bound on the memory of all installers together and of each, on its
//! processes, and the one way to find every process that it ever started.
//!
//! Below this process's own group lies one for the tool directory, below that one for each
//! command. Where the processor is divided among groups, these are idle ones: in a group of its
//! own an idle task would weigh as much as the service (which is what happens to every session
//! that is not in a group, where the kernel makes groups of sessions: `sys::child::be_last`).

mod group;
mod place;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lightship_model::digest::Digest;

pub(super) use self::group::{Group, Struck};
use self::place::Kind;

/// Groups of one tool directory, in every tree that can hold them.
#[derive(Debug)]
pub(super) struct Groups {
    trees: Vec<Branch>,
    /// What can't be had, and why.
    pub(super) missing: Vec<String>,
}

/// The group in one tree below which those of the commands lie.
#[derive(Clone, Debug)]
struct Branch {
    kind: Kind,
    dir: PathBuf,
    memory: bool,
    pids: bool,
}

impl Groups {
    /// Makes the groups of the tool directory with the stage `stage`, whose installers may use
    /// `memory` bytes together.
    pub(super) fn make(stage: &Path, memory: u64) -> Self {
        let name = name(stage);
        let mut groups = Self { trees: Vec::new(), missing: Vec::new() };
        for (kind, base) in bases() {
            if kind == Kind::Processor && !super::is_idle() {
                continue;
            }
            match branch(kind, &base, &name, memory) {
                Ok(branch) => groups.trees.push(branch),
                // No bound is lost: the tasks are idle in the service's own group, then.
                Err(_) if kind == Kind::Processor => {}
                Err(reason) => groups.missing.push(reason),
            }
        }
        for (what, has) in [("memory", groups.memory()), ("processes", groups.pids())] {
            if !has && groups.missing.is_empty() {
                groups.missing.push(format!(
                    "no control group bounds {what}: the container's group has no such \
                     controller to hand on"
                ));
            }
        }
        groups
    }

    /// None, as if the machine had none.
    pub(super) fn none(reason: &str) -> Self {
        Self { trees: Vec::new(), missing: vec![reason.to_owned()] }
    }

    pub(super) fn memory(&self) -> bool {
        self.trees.iter().any(|branch| branch.memory)
    }

    pub(super) fn pids(&self) -> bool {
        self.trees.iter().any(|branch| branch.pids)
    }

    /// Makes a group for one command, in each tree.
    pub(super) fn group(&self, memory: Option<u64>, processes: u32) -> Vec<Group> {
        let made = self.trees.iter().filter_map(|branch| Group::make(branch, memory, processes));
        made.collect()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for branch in &self.trees {
            // Another loader of this directory may be using it.
            fs::remove_dir(&branch.dir).unwrap_or_default();
            made().remove(&branch.dir);
        }
    }
}

/// The tool directories' groups that this process has made and not removed.
static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn made() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    MADE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends everybody in the groups of this process and removes those, for its own end.
pub(crate) fn end_all() {
    for dir in std::mem::take(&mut *made()) {
        end_below(&dir);
    }
}

/// Removes this process's groups of the stage `stage`, at the end of a load: a thread whose
/// install has ended may hold them for a moment longer than the process lives.
pub(crate) fn leave(stage: &Path) {
    let (name, own) = (name(stage), format!("{}-", std::process::id()));
    let dirs: Vec<_> = made().iter().filter(|dir| dir.ends_with(&name)).cloned().collect();
    for dir in dirs {
        // The lock may be another loader's by now: its groups are beside ours.
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&own) {
                group::end(&entry.path());
            }
        }
        fs::remove_dir(&dir).unwrap_or_default();
        made().remove(&dir);
    }
}

fn end_below(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            group::end(&entry.path());
        }
    }
    fs::remove_dir(dir).unwrap_or_default();
}

/// Ends what a dead loader left in the groups of the stage `stage`, and removes them.
pub(crate) fn sweep(stage: &Path) {
    let name = name(stage);
    for (_, base) in bases() {
        end_below(&base.join(&name));
    }
}

/// The lowest bound on memory that holds for this process, as far as its groups show it.
pub(super) fn memory_limit() -> Option<u64> {
    let files = ["memory.max", "memory.limit_in_bytes"];
    let limits = bases().into_iter().flat_map(|(_, base)| {
        let parents = base.ancestors().map(Path::to_owned).collect::<Vec<_>>();
        parents.into_iter().flat_map(move |dir| files.map(|file| dir.join(file)))
    });
    limits.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok()).min()
}

/// The same for every loader of a tool directory, and for no other's.
fn name(stage: &Path) -> String {
    let digest = Digest::of(stage.as_os_str().as_encoded_bytes());
    format!("lightship-{}", &digest.as_str()[..12])
}

/// This process's own group in each tree that is of use.
fn bases() -> Vec<(Kind, PathBuf)> {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let trees = place::trees(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"));
    let own = std::process::id().to_string();
    let is_own = |dir: &PathBuf| {
        let processes = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
        processes.lines().any(|pid| pid == own)
    };
    let bases =
        trees.into_iter().filter_map(|tree| Some((tree.kind, tree.own.into_iter().find(is_own)?)));
    bases.collect()
}

fn branch(kind: Kind, base: &Path, name: &str, memory: u64) -> Result<Branch, String> {
    let dir = base.join(name);
    match fs::create_dir(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(format!("can't make a control group in `{}`: {error}", base.display()));
        }
        _ => {}
    }
    made().insert(dir.clone());
    let mut branch = Branch { kind, dir, memory: false, pids: false };
    match kind {
        Kind::Memory => branch.memory = group::bound_memory(&branch.dir, memory),
        Kind::Pids => branch.pids = true,
        Kind::Processor => group::be_idle(&branch.dir),
        Kind::Unified => {
            group::be_idle(&branch.dir);
            let handed_on = |controller: &str| {
                let enable = format!("+{controller}");
                // The container's group may hand it on already; where it holds processes
                // itself, it may not begin to.
                group::set(base, "cgroup.subtree_control", &enable);
                group::set(&branch.dir, "cgroup.subtree_control", &enable)
            };
            branch.pids = handed_on("pids");
            branch.memory = handed_on("memory") && group::bound_memory(&branch.dir, memory);
        }
    }
    Ok(branch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_by_the_tool_directory() {
        let one = name(Path::new("/data/tools/v1/stage"));
        assert_eq!(one, name(Path::new("/data/tools/v1/stage")));
        assert_ne!(one, name(Path::new("/data/other/v1/stage")));
        assert_eq!(one.len(), "lightship-".len() + 12);
    }
}
