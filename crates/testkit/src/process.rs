//! Which processes are alive.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything in a test may take at the very most: installers run at idle priority, and
/// the machine may be busy. Only a test that hangs ever waits for it.
pub const LIMIT: Duration = Duration::from_mins(2);

/// Whether the process `pid` runs; a zombie does not.
pub fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !stat.is_empty() && state != Some('Z')
}

/// The processes that were started to install into the tool directory `dir`, found by what
/// their environment says.
pub fn installers(dir: &Path) -> Vec<String> {
    let mark = format!("LIGHTSHIP_STAGE={}/", dir.display());
    let marked = |pid: &String| {
        let environ = fs::read(Path::new("/proc").join(pid).join("environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|var| var.starts_with(mark.as_bytes()))
    };
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(marked)
        .filter(|pid| is_alive(pid))
        .collect()
}

/// Kills the process `pid`, unless it has ended.
pub fn kill(pid: &str) {
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap_or_default();
}

/// Waits until `true_at_last` holds; `what` names it if it never does.
#[track_caller]
pub fn wait_until(what: &str, mut true_at_last: impl FnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !true_at_last() {
        assert!(Instant::now() < until, "never came true: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
