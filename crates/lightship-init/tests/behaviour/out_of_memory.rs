use std::fs;
use std::path::{Path, PathBuf};

use lightship_model::event::{Exit, Fault, What};

use crate::lightship::Lightship;

/// A control group of 64 MiB; removed when dropped.
struct Group(PathBuf);

impl Group {
    /// Nothing where nobody may make one.
    fn new() -> Option<Self> {
        let second = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let (parent, limit) = if second {
            ("/sys/fs/cgroup", "memory.max")
        } else {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        };
        let group = Path::new(parent).join(format!("lightship-behaviour-{}", std::process::id()));
        fs::create_dir(&group).ok()?;
        let group = Self(group);
        fs::write(group.0.join(limit), "67108864").ok()?;
        Some(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        fs::remove_dir(&self.0).unwrap_or_default();
    }
}

#[test]
fn a_service_that_the_kernel_kills_for_memory_is_told_and_counted_as_that() {
    let Some(group) = Group::new() else {
        println!("skipped: this machine lets nobody make a control group with a bound on memory");
        return;
    };
    let greedy = "[service]\ncommand = [\"python3\", \"-c\", \"x = bytearray(1 << 28); input()\"]\n\
                  backoff = { first = \"1h\" , max = \"1h\" }\n";
    let join = format!("echo $$ > {}/cgroup.procs; exec \"$@\"", group.0.display());
    let mut running = Lightship::manifest(greedy).through(&["sh", "-c", &join, "sh"]).start();
    let message = running.event(|what| match what {
        What::ServiceFaulted { fault: Fault::Oom, message } => Some(message),
        _ => None,
    });
    assert!(message.contains("memory was used up"), "{message}");
    let exit = running.event(|what| match what {
        What::ServiceExited { exit, .. } => Some(exit),
        _ => None,
    });
    assert_eq!(exit, Exit::Signal(9));
    let metrics = running.get("/metrics").1;
    assert!(metrics.contains("lightship_gateway_restarts_total{reason=\"oom\"} 1\n"), "{metrics}");
    drop(running);
}
