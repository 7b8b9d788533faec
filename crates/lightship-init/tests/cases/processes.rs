//! What `/proc` says about processes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A process of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }

    /// The fields of `stat` from the state on.
    fn stat(self) -> Option<Vec<String>> {
        let stat = fs::read_to_string(self.file("stat")).ok()?;
        Some(stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
    }

    /// `R`, `S`, `T`, `Z`, …; none when it is gone.
    pub(crate) fn state(self) -> Option<char> {
        self.stat()?.first()?.chars().next()
    }

    pub(crate) fn is_alive(self) -> bool {
        !matches!(self.state(), None | Some('Z' | 'X'))
    }

    pub(crate) fn is_stopped(self) -> bool {
        self.state() == Some('T')
    }

    pub(crate) fn parent(self) -> Option<Self> {
        self.stat()?.get(1)?.parse().ok().map(Self)
    }

    /// The number of its process group, as this namespace counts.
    pub(crate) fn group(self) -> u32 {
        self.stat().map_or(0, |fields| fields[2].parse().unwrap())
    }

    /// Whether its group is the one in the foreground of its terminal.
    pub(crate) fn has_terminal(self) -> bool {
        self.stat().is_some_and(|fields| fields[2] == fields[5])
    }

    /// The children that it has or has adopted, zombies too.
    pub(crate) fn children(self) -> Vec<Self> {
        let list = self.file(&format!("task/{}/children", self.0));
        let list = fs::read_to_string(list).unwrap_or_default();
        list.split_whitespace().map(|pid| Self(pid.parse().unwrap())).collect()
    }

    pub(crate) fn name(self) -> String {
        fs::read_to_string(self.file("comm")).unwrap_or_default().trim_end().to_owned()
    }

    /// The file that it runs.
    pub(crate) fn program(self) -> Option<PathBuf> {
        fs::read_link(self.file("exe")).ok()
    }

    pub(crate) fn directory(self) -> Option<PathBuf> {
        fs::read_link(self.file("cwd")).ok()
    }

    /// Sends it a signal, by name or number.
    #[track_caller]
    pub(crate) fn signal(self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.0);
        let sent = Command::new("sh").args(["-c", &kill]).output().unwrap();
        assert!(sent.status.success(), "{kill}: {}", String::from_utf8_lossy(&sent.stderr));
    }

    /// Kills it, if it is still there.
    pub(crate) fn kill(self) {
        let kill = format!("kill -KILL {}", self.0);
        drop(Command::new("sh").args(["-c", &kill]).output().unwrap());
    }
}

/// The living processes whose environment has the variable `mark`, written `NAME=value`.
pub(crate) fn marked(mark: &str) -> Vec<Process> {
    let has_mark = |process: &Process| {
        let environ = fs::read(process.file("environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|var| var == mark.as_bytes())
    };
    let numbers = fs::read_dir("/proc").unwrap();
    let numbers = numbers.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut found: Vec<Process> = numbers.map(Process).filter(has_mark).collect();
    found.sort();
    found
}
