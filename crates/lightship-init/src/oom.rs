//! Whether the kernel killed a process of this container because its memory was used up: the
//! control group counts them.

use std::fs;
use std::path::{Path, PathBuf};

/// Where control groups are mounted.
const ROOT: &str = "/sys/fs/cgroup";

/// The counter of this container's control group.
#[derive(Debug)]
pub(crate) struct OomWatch {
    file: PathBuf,
    count: u64,
}

impl OomWatch {
    /// Nothing where there is no counter, or it can't be read.
    pub(crate) fn new() -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        candidates(&groups).into_iter().find_map(|file| {
            let count = count(&file)?;
            Some(Self { file, count })
        })
    }

    /// What to say when a process was killed and the counter has grown since it was last asked.
    pub(crate) fn killed(&mut self) -> Option<String> {
        let count = count(&self.file)?;
        let grown = count > self.count;
        self.count = count;
        grown.then(|| {
            "the kernel killed the service, or something beside it, because the container's \
             memory was used up: give it more, or its service and tools less to do"
                .to_owned()
        })
    }
}

/// The files that may hold the counter: of this process's own group, as it is called outside of
/// the container and inside, in version 2 and in version 1.
fn candidates(groups: &str) -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            files.extend([root.join(path), root.to_owned()].map(|dir| dir.join("memory.events")));
        } else if controllers.split(',').any(|controller| controller == "memory") {
            let root = root.join("memory");
            let dirs = [root.join(path), root];
            files.extend(dirs.map(|dir| dir.join("memory.oom_control")));
        }
    }
    files
}

fn count(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_looked_at() {
        let groups = "5:cpu,memory:/docker/ab\n1:name=systemd:/x\n0::/system.slice\n";
        let files = candidates(groups);
        let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        assert_eq!(
            files,
            [
                "/sys/fs/cgroup/memory/docker/ab/memory.oom_control",
                "/sys/fs/cgroup/memory/memory.oom_control",
                "/sys/fs/cgroup/system.slice/memory.events",
                "/sys/fs/cgroup/memory.events",
            ]
        );
        assert!(candidates("").is_empty());
    }

    #[test]
    fn a_count_that_has_grown_is_told_once() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut watch = OomWatch { file: file.path().to_owned(), count: 0 };
        assert_eq!(watch.killed(), None);
        file.write_all(b"low 0\noom 1\noom_kill 1\n").unwrap();
        assert!(watch.killed().is_some());
        assert_eq!(watch.killed(), None);
        let mut watch = OomWatch { file: PathBuf::from("/no/such"), count: 0 };
        assert_eq!(watch.killed(), None);
    }
}
