//! The level that was achieved, in the form that receipts keep.

use std::fmt;

/// What the kernel held an installer with. What is not here the loader sees to by itself: a
/// scrubbed environment, idle priority, and limits that it watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// The version of Landlock.
    pub(crate) landlock: Option<u32>,
    pub(crate) seccomp: bool,
    /// A control group bounds its memory.
    pub(crate) memory: bool,
    /// A control group bounds its processes.
    pub(crate) processes: bool,
}

impl Level {
    /// What holds of both.
    pub(crate) fn weaker(self, other: Self) -> Self {
        Self {
            // Absent is less than any version.
            landlock: self.landlock.min(other.landlock),
            seccomp: self.seccomp && other.seccomp,
            memory: self.memory && other.memory,
            processes: self.processes && other.processes,
        }
    }
}

impl fmt::Display for Level {
    /// `landlock-7+seccomp+cgroup-memory+cgroup-pids`, each where it held; `env` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.landlock.map(|version| format!("landlock-{version}")));
        let plain = [
            (self.seccomp, "seccomp"),
            (self.memory, "cgroup-memory"),
            (self.processes, "cgroup-pids"),
        ];
        parts.extend(plain.iter().filter(|(held, _)| *held).map(|(_, name)| (*name).to_owned()));
        f.write_str(if parts.is_empty() { "env" } else { "" })?;
        f.write_str(&parts.join("+"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Level = Level { landlock: Some(7), seccomp: true, memory: true, processes: true };

    #[test]
    fn a_level_names_what_held() {
        assert_eq!(FULL.to_string(), "landlock-7+seccomp+cgroup-memory+cgroup-pids");
        assert_eq!(
            Level { landlock: None, ..FULL }.to_string(),
            "seccomp+cgroup-memory+cgroup-pids"
        );
        assert_eq!(Level::default().to_string(), "env");
    }

    #[test]
    fn of_several_commands_what_held_for_all_counts() {
        let other = Level { landlock: Some(3), memory: false, ..FULL };
        assert_eq!(FULL.weaker(other), other);
        assert_eq!(FULL.weaker(Level::default()), Level::default());
    }
}
