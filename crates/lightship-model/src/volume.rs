//! The volume that the tool directory lies on: what it can do, and whether tools can live on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that a file system may be able to do. In the order in which it is tried.
///
/// As a word in JSON by way of a string: what is derived for an enum takes PID 1 kilobytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Ability {
    /// Its directories can be made, and files in them written.
    Write,
    Fsync,
    Rename,
    /// A rename that never replaces anything.
    RenameNoreplace,
    Symlink,
    Hardlink,
    /// `flock` keeps a second one out.
    Flock,
    /// A program that was written to it can be run from it.
    Exec,
}

const ABILITIES: [Ability; 8] = [
    Ability::Write,
    Ability::Fsync,
    Ability::Rename,
    Ability::RenameNoreplace,
    Ability::Symlink,
    Ability::Hardlink,
    Ability::Flock,
    Ability::Exec,
];

impl TryFrom<String> for Ability {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        ABILITIES.into_iter().find(|one| one.as_str() == word).ok_or("no ability of a volume")
    }
}

impl From<Ability> for &'static str {
    fn from(ability: Ability) -> Self {
        ability.as_str()
    }
}

impl Ability {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Fsync => "fsync",
            Self::Rename => "rename",
            Self::RenameNoreplace => "rename-noreplace",
            Self::Symlink => "symlink",
            Self::Hardlink => "hardlink",
            Self::Flock => "flock",
            Self::Exec => "exec",
        }
    }

    /// What a volume without it can't do.
    fn lack(self) -> &'static str {
        match self {
            Self::Write => "nothing can be written to it",
            Self::Fsync => "it can't make a file durable",
            Self::Rename => "it renames nothing",
            Self::RenameNoreplace => "its renames replace what is there",
            Self::Symlink => "it takes no symbolic links",
            Self::Hardlink => "it takes no hard links",
            Self::Flock => "its locks keep nobody out",
            Self::Exec => "no program can be run from it",
        }
    }
}

/// Without one of these no tool can live on a volume: a receipt is synced and renamed, a
/// published program is a symbolic link, and a program has to run where it was installed.
const STORE: [Ability; 5] =
    [Ability::Write, Ability::Fsync, Ability::Rename, Ability::Symlink, Ability::Exec];

/// What a volume can do, and the system's words for what it can't.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    pub has: BTreeSet<Ability>,
    pub lacks: BTreeMap<Ability, String>,
}

/// Room on a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Space {
    /// For this user, in bytes.
    pub free_bytes: u64,
    pub total_bytes: u64,
    /// How many files may still be made; nothing where that has no bound of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_files: Option<u64>,
}

impl Space {
    /// Below this nothing that is worth it fits: a receipt and a state file.
    const LEAST_BYTES: u64 = 64 * 1024;
    const LEAST_FILES: u64 = 16;

    fn is_full(self) -> bool {
        self.free_bytes < Self::LEAST_BYTES
            || self.free_files.is_some_and(|files| files < Self::LEAST_FILES)
    }
}

/// What keeps tools off a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Problem {
    /// The directory is not there and can't be made.
    Missing,
    ReadOnly,
    Full,
    /// It belongs to somebody else.
    Denied,
    /// It does not answer.
    Silent,
    /// It can't do what a store needs.
    Unfit,
}

const PROBLEMS: [Problem; 6] = [
    Problem::Missing,
    Problem::ReadOnly,
    Problem::Full,
    Problem::Denied,
    Problem::Silent,
    Problem::Unfit,
];

impl TryFrom<String> for Problem {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        PROBLEMS.into_iter().find(|one| one.as_str() == word).ok_or("no problem of a volume")
    }
}

impl From<Problem> for &'static str {
    fn from(problem: Problem) -> Self {
        problem.as_str()
    }
}

impl Problem {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::ReadOnly => "read-only",
            Self::Full => "full",
            Self::Denied => "denied",
            Self::Silent => "silent",
            Self::Unfit => "unfit",
        }
    }
}

/// What a look at a volume gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    Answered {
        abilities: Abilities,
        space: Option<Space>,
        /// Mounted read-only, or the system said so.
        read_only: bool,
        /// The system refused for want of rights.
        denied: bool,
    },
    /// The directory can't be had, with the system's words.
    Missing(String),
    /// It has not answered within so many seconds.
    Silent(u64),
}

/// Where tools live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// On the volume.
    Store,
    /// In the local directory, for this reason.
    Local { problem: Problem, why: String },
}

/// Decides from a look.
pub fn judge(look: &Look) -> Verdict {
    let local = |problem, why: String| Verdict::Local { problem, why };
    let (abilities, space, read_only, denied) = match look {
        Look::Missing(why) => return local(Problem::Missing, format!("it can't be made: {why}")),
        Look::Silent(seconds) => {
            let why = format!("it has not answered for {seconds} s");
            return local(Problem::Silent, why);
        }
        Look::Answered { abilities, space, read_only, denied } => {
            (abilities, space, *read_only, *denied)
        }
    };
    if read_only {
        return local(Problem::ReadOnly, "it is read-only".to_owned());
    }
    if let Some(space) = space.filter(|space| space.is_full()) {
        return local(Problem::Full, format!("it is full: {}", Left(space)));
    }
    let Some(lack) = STORE.into_iter().find(|ability| !abilities.has.contains(ability)) else {
        return Verdict::Store;
    };
    let said = abilities.lacks.get(&lack).map(|said| format!(": {said}")).unwrap_or_default();
    let problem = if denied && lack == Ability::Write { Problem::Denied } else { Problem::Unfit };
    local(problem, format!("{}{said}", lack.lack()))
}

/// How much is left, in words.
struct Left(Space);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Space { free_bytes, total_bytes, free_files } = self.0;
        write!(f, "{} KiB of {} KiB are free", free_bytes / 1024, total_bytes / 1024)?;
        free_files.map_or(Ok(()), |files| write!(f, ", and {files} files"))
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Left(*self).fmt(f)
    }
}

/// What the loader tells of the tool directory's volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// The tool directory.
    pub dir: String,
    /// Where tools are installed: the tool directory, or a local one; nothing when there is no
    /// place for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools_dir: Option<String>,
    /// Where `loader-state.json` and `audit.jsonl` are.
    pub records_dir: String,
    /// What keeps tools off the volume, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub abilities: Abilities,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<Space>,
    /// As `/proc/self/mountinfo` has it: `ext4`, `fuse.rclone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_system: Option<String>,
}

impl Volume {
    /// A sentence for a volume that tools can't live on.
    pub fn failure(&self) -> Option<String> {
        let why = self.why.as_deref().filter(|_| self.problem.is_some())?;
        let dir = &self.dir;
        let then = match &self.tools_dir {
            Some(folder) => format!("tools go to {folder}"),
            None => "no more tools can be installed".to_owned(),
        };
        Some(format!("the tool directory {dir} can't be used, {why}; {then}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Space = Space { free_bytes: 1 << 30, total_bytes: 1 << 31, free_files: None };

    fn look(lacks: &[(Ability, &str)]) -> Look {
        let mut has: BTreeSet<Ability> = STORE.into_iter().collect();
        has.extend([Ability::Flock, Ability::Hardlink, Ability::RenameNoreplace]);
        for (ability, _) in lacks {
            has.remove(ability);
        }
        let lacks = lacks.iter().map(|(ability, said)| (*ability, (*said).to_owned())).collect();
        let abilities = Abilities { has, lacks };
        Look::Answered { abilities, space: Some(ROOM), read_only: false, denied: false }
    }

    fn reason(look: &Look) -> (Problem, String) {
        match judge(look) {
            Verdict::Local { problem, why } => (problem, why),
            Verdict::Store => panic!("it can hold a store"),
        }
    }

    #[test]
    fn a_volume_without_locks_and_hard_links_still_holds_a_store() {
        let lacks =
            [(Ability::Flock, "x"), (Ability::Hardlink, "x"), (Ability::RenameNoreplace, "x")];
        assert_eq!(judge(&look(&lacks)), Verdict::Store);
    }

    #[test]
    fn each_thing_that_a_store_needs_is_named_when_it_lacks() {
        for ability in STORE {
            let (problem, why) = reason(&look(&[(ability, "not supported")]));
            assert_eq!(problem, Problem::Unfit);
            assert_eq!(why, format!("{}: not supported", ability.lack()));
        }
    }

    #[test]
    fn what_is_read_only_full_missing_or_silent_is_called_so() {
        let Look::Answered { abilities, .. } = look(&[(Ability::Write, "no")]) else { panic!() };
        let answered = |space, read_only, denied| {
            let abilities = abilities.clone();
            reason(&Look::Answered { abilities, space: Some(space), read_only, denied })
        };
        assert_eq!(answered(ROOM, true, false).0, Problem::ReadOnly);
        assert_eq!(answered(ROOM, false, true).0, Problem::Denied);
        let full = answered(Space { free_bytes: 2048, ..ROOM }, false, false);
        assert_eq!(full, (Problem::Full, "it is full: 2 KiB of 2097152 KiB are free".to_owned()));
        let inodes = answered(Space { free_files: Some(0), ..ROOM }, false, false);
        assert!(inodes.1.ends_with("and 0 files"), "{}", inodes.1);
        assert_eq!(reason(&Look::Missing("x".into())).0, Problem::Missing);
        assert_eq!(
            reason(&Look::Silent(3)),
            (Problem::Silent, "it has not answered for 3 s".into())
        );
    }

    #[test]
    fn a_report_reads_back_and_says_where_tools_go() {
        let volume = Volume {
            dir: "/data".into(),
            tools_dir: Some("/tmp/l/tools".into()),
            records_dir: "/data".into(),
            problem: Some(Problem::ReadOnly),
            why: Some("it is read-only".into()),
            abilities: Abilities::default(),
            space: Some(ROOM),
            file_system: None,
        };
        let text = serde_json::to_string(&volume).unwrap();
        assert_eq!(serde_json::from_str::<Volume>(&text).unwrap(), volume);
        assert!(text.contains("\"problem\":\"read-only\""), "{text}");
        let failure = volume.failure().unwrap();
        assert!(failure.contains("/data can't be used, it is read-only"), "{failure}");
        assert_eq!(Volume { problem: None, ..volume }.failure(), None);
    }
}
