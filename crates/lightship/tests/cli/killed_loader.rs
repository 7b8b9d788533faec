//! The loader part dies in the middle of an install, with the real loader and real processes.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Home, LIMIT, Running, runs};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// `quick` is there at once; `slow` hangs for ever in its first attempt, with a child.
const MANIFEST: &str = r#"
[service]
command = ["sleep", "300"]
[health]
listen = "127.0.0.1:0"
[loader]
jobs = 1
# It tells the test what it started.
confine = "off"
[tools.quick]
priority = 1
bins = ["quick"]
script = { run = ["sh", "-ec", "mkdir $PREFIX/bin; cp /bin/true $PREFIX/bin/quick"] }
[tools.slow]
requires = ["quick"]
bins = ["slow"]
script = { run = ["sh", "-ec", '''
mkdir $PREFIX/bin; cp /bin/true $PREFIX/bin/slow
[ -e {{prefix}}/../../../hung ] || { sleep 300 & echo $! >{{prefix}}/../../../hung; wait; }
'''] }
"#;

/// Reads events until one of this kind for which `fits` holds; the ones before it are asserted
/// to leave the service alone.
fn until(running: &Running, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
    loop {
        let line = running.stdout.recv_timeout(LIMIT).unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_ne!(event["event"], "service-exited", "{event}");
        if event["event"] == kind && fits(&event) {
            return event;
        }
    }
}

fn contents(file: &Path) -> String {
    let until = Instant::now() + LIMIT;
    loop {
        match std::fs::read_to_string(file) {
            Ok(text) if !text.is_empty() => return text.trim().to_owned(),
            _ if Instant::now() > until => panic!("{} never came", file.display()),
            _ => thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[test]
fn a_killed_loader_leaves_nothing_half_done_and_loading_goes_on_by_itself() {
    let home = Home::new();
    home.write("m.toml", MANIFEST);
    let mut running = home.start(&["up", "--manifest", "m.toml", "--format", "json"]);
    let service = until(&running, "service-started", |_| true)["pid"].clone();
    let loader = until(&running, "loader-started", |_| true)["pid"].as_i64().unwrap();
    let installing = |event: &Value| event["name"] == "slow" && event["status"] == "installing";
    until(&running, "tool", installing);
    let child = contents(&home.tool_dir().join("hung"));
    assert!(runs(&child));

    let loader = Pid::from_raw(i32::try_from(loader).unwrap()).unwrap();
    kill_process(loader, Signal::KILL).unwrap();
    let exited = until(&running, "loader-exited", |_| true);
    assert_eq!(exited["exit"]["signal"], 9, "{exited}");
    let receipts = std::fs::read_dir(home.tool_dir().join("v1/receipts")).unwrap();
    let receipts = receipts.map(|entry| entry.unwrap().path());
    let receipts = receipts.filter(|path| path.extension().is_some_and(|is| is == "json")).count();
    assert_eq!(receipts, 1, "only `quick` is installed");
    assert!(!home.tool_dir().join("bin/slow").exists());

    // Killed, an idle process dies when the machine next has time for it; the loader that
    // follows waits for that before it begins.
    let plan = until(&running, "plan", |_| true);
    assert!(!runs(&child), "the installer's child outlives its loader");
    assert_eq!(plan["tools"][0]["status"], "installed", "{plan}");
    let complete = until(&running, "load-complete", |_| true);
    assert_eq!((&complete["installed"], &complete["failed"]), (&2.into(), &0.into()));
    assert!(home.tool_dir().join("bin/slow").exists());
    assert!(runs(&service.to_string()));
    running.signal(Signal::TERM);
    assert_eq!(running.code(), Some(143));
}

#[test]
fn with_loading_switched_off_the_service_runs_and_health_says_skipped() {
    let home = Home::new();
    home.write("m.toml", MANIFEST);
    let mut command = home.command(&["up", "--manifest", "m.toml"]);
    command.env("LOA_DEFERRED_TOOLS", "false");
    let mut running = Running::of(command);
    let line = Running::wait_for(&running.stderr, " health http://");
    let url = line.split_whitespace().nth(2).unwrap().trim_end_matches("/health").to_owned();
    let health =
        home.run(&["health", "--url", &url, "--full", "--wait", "10s", "--format", "json"]);
    let health: Value = serde_json::from_str(&health.ok()).unwrap();
    assert_eq!(health["status"], "healthy", "{health}");
    assert_eq!(health["tools"]["status"]["quick"], "skipped", "{health}");
    assert_eq!(health["tools"]["complete"], true, "{health}");
    running.signal(Signal::TERM);
    assert_eq!(running.code(), Some(143));
    assert!(!home.tool_dir().join("hung").exists());
}
