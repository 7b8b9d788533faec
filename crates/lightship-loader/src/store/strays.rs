//! Ending what installers leave running: daemons that left the process group, and everything
//! that a dead loader had started.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The variable that marks an installer's processes; its value is the stage of their attempt.
pub(crate) const MARK: &str = "LIGHTSHIP_STAGE";

/// How long killed processes have to die: idle ones die late, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(2);

/// Kills every process whose stage is `stage` or lies in it, until there are none: what they
/// still write must not land in the next attempt, and they may be starting others.
pub(crate) fn end(stage: &Path) {
    let until = Instant::now() + PATIENCE;
    loop {
        let strays = marked(stage);
        if strays.is_empty() || Instant::now() >= until {
            return;
        }
        for pid in strays {
            // It may have ended by itself in between.
            kill_process(pid, Signal::KILL).unwrap_or_default();
        }
        std::thread::park_timeout(PAUSE);
    }
}

/// The living processes with that mark. A dead one that nobody has waited for has no
/// environment any more.
fn marked(stage: &Path) -> Vec<Pid> {
    let own = rustix::process::getpid();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let strays = processes.filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let environ = fs::read(entry.path().join("environ")).ok()?;
        let found = environ.split(|byte| *byte == 0).any(|var| is_mark(var, stage));
        (found && pid != own && is_beside_us(&entry.path())).then_some(pid)
    });
    strays.collect()
}

/// Whether a process has our root directory. In another one, of a container that shares our
/// process numbers, the same path is another directory, and another loader's.
fn is_beside_us(process: &Path) -> bool {
    let root = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    root(&process.join("root")) == root(Path::new("/"))
}

fn is_mark(var: &[u8], stage: &Path) -> bool {
    let value = var.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
    value.is_some_and(|value| Path::new(OsStr::from_bytes(value)).starts_with(stage))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_its_own_stage_and_of_the_whole_stage_alone() {
        let var = b"LIGHTSHIP_STAGE=/t/v1/stage/a-1-0123";
        assert!(is_mark(var, Path::new("/t/v1/stage")));
        assert!(is_mark(var, Path::new("/t/v1/stage/a-1-0123")));
        for other in ["/t/v1/stage/a-1", "/t/v1/stage/b", "/u"] {
            assert!(!is_mark(var, Path::new(other)), "{other}");
        }
        assert!(!is_mark(b"STAGE=/t/v1/stage/a", Path::new("/t")));
    }
}
