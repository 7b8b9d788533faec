use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::shipped::shipped;

struct Idle(Child);

impl Idle {
    fn start(args: &[&str]) -> Self {
        let child = Command::new(shipped())
            .args(args)
            .args(["--", "sleep", "1000"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let idle = Self(child);
        let until = Instant::now() + Duration::from_mins(1);
        let children = format!("/proc/{0}/task/{0}/children", idle.0.id());
        while fs::read_to_string(&children).unwrap().is_empty() {
            assert!(Instant::now() < until, "no service");
            std::thread::sleep(Duration::from_millis(10));
        }
        idle
    }

    /// A number of `/proc/…/NAME`, from the line that begins with `key`.
    fn number(&self, file: &str, key: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.0.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_ascii_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let children = format!("/proc/{0}/task/{0}/children", self.0.id());
        for pid in fs::read_to_string(children).unwrap().split_ascii_whitespace() {
            drop(Command::new("kill").arg(pid).status());
        }
        self.0.wait().unwrap();
    }
}

#[test]
fn two_megabytes_are_resident_at_most_with_health_and_without() {
    for args in [&[][..], &["--listen", "127.0.0.1:0"]] {
        let idle = Idle::start(args);
        let resident = idle.number("smaps_rollup", "Rss:");
        assert!(resident <= 2000, "{resident} kB with {args:?}");
        let private = idle.number("smaps_rollup", "Private_Dirty:");
        assert!(private <= 400, "{private} kB with {args:?}");
    }
}

#[test]
fn it_sleeps_as_long_as_nothing_happens() {
    let idle = Idle::start(&["--listen", "127.0.0.1:0"]);
    std::thread::sleep(Duration::from_millis(500));
    let wakes = || idle.number("status", "voluntary_ctxt_switches:");
    let before = wakes();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(wakes(), before);
}

#[test]
fn it_has_one_thread() {
    assert_eq!(Idle::start(&["--listen", "127.0.0.1:0"]).number("status", "Threads:"), 1);
}
