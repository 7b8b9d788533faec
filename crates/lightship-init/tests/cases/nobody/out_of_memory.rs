use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, Place, python, skipped};

/// A cgroup of 64 MiB; removed when dropped.
struct Small(PathBuf);

impl Small {
    /// None where this machine lets nobody make one.
    fn make(name: &str) -> Option<Self> {
        let (parent, limit) = if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
            ("/sys/fs/cgroup", "memory.max")
        } else {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        };
        let group = Path::new(parent).join(format!("lightship-{name}-{}", std::process::id()));
        fs::create_dir(&group).ok()?;
        let group = Self(group);
        fs::write(group.0.join(limit), "67108864").ok()?;
        Some(group)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.0));
    }
}

/// L18
#[test]
fn a_command_that_takes_all_the_memory_is_killed_and_the_init_tells() {
    for place in Place::BOTH {
        let Some(group) = Small::make(&format!("{place:?}")) else {
            skipped("this machine lets nobody make a cgroup with a bound on memory");
            return;
        };
        let join = "echo $$ > \"$1/cgroup.procs\"; shift; exec \"$@\"";
        let join = ["sh", "-c", join, "sh", &group.0.display().to_string()];
        let eat = "x = [bytearray(b'x' * 1048576) for _ in range(1024)]; print('survived')";
        let case = Case::new().at(place).through(&join).command(&[python(), "-IS", "-c", eat]);
        let (code, output) = case.run();
        assert_eq!(code, 137, "{output}");
    }
}
