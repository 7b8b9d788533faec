//! `lightship up`, with real services and tools: what it shows, and how it stops.

use std::time::{Duration, Instant};

use crate::support::{Home, LIMIT, Running, manifest, runs};
use rustix::process::Signal;

fn up(service: &str, more: &[&str]) -> (Home, Running) {
    let home = Home::new();
    home.write("m.toml", &manifest(service));
    let running = home.start(&[&["up", "--manifest", "m.toml"], more].concat());
    (home, running)
}

#[test]
fn json_mode_prints_events_and_nothing_else() {
    let (_home, mut running) = up("echo from the service; sleep 300", &["--format", "json"]);
    let mut kinds = Vec::new();
    loop {
        let line = running.stdout.recv_timeout(LIMIT).unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        let kind = event["event"].as_str().unwrap().to_owned();
        let complete = kind == "load-complete";
        kinds.push(kind);
        if complete {
            assert_eq!(event["installed"], 1);
            break;
        }
    }
    assert_eq!(kinds[..2], ["health-listening", "service-started"]);
    for kind in ["service-ready", "loader-started", "plan", "tool"] {
        assert!(kinds.iter().any(|other| other == kind), "{kind}: {kinds:?}");
    }
    Running::wait_for(&running.stderr, "from the service");
    running.signal(Signal::TERM);
    assert_eq!(running.code(), Some(143));
}

#[test]
fn the_service_finds_the_tool_and_health_answers() {
    let service = "until command -v hello; do sleep 0.1; done; hello; exec sleep 300";
    let (home, mut running) = up(service, &[]);
    let line = Running::wait_for(&running.stderr, " health http://");
    let url = line.split_whitespace().nth(2).unwrap().trim_end_matches("/health").to_owned();
    Running::wait_for(&running.stderr, "tool hello installed 1.0");
    Running::wait_for(&running.stderr, "1 tool ready");
    Running::wait_for(&running.stdout, "hi");
    let health = home.run(&["health", "--url", &url, "--full", "--wait", "10s"]).ok();
    assert!(health.contains("installed"), "{health}");
    let json = home.run(&["health", "--url", &url, "--format", "json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["status"], "healthy");
    running.signal(Signal::INT);
    assert_eq!(running.code(), Some(143));
    let gone = home.run(&["health", "--url", &url]);
    assert_eq!(gone.code, Some(1), "{gone:#?}");
}

#[test]
fn ctrl_c_stops_the_service_cleanly() {
    let service = "trap 'echo goodbye; exit 5' TERM; echo up; while :; do sleep 0.05; done";
    let (_home, mut running) = up(service, &[]);
    Running::wait_for(&running.stdout, "up");
    running.signal(Signal::INT);
    Running::wait_for(&running.stderr, "stopping… (Ctrl-C again to stop at once)");
    Running::wait_for(&running.stdout, "goodbye");
    assert_eq!(running.code(), Some(5));
}

#[test]
fn a_second_ctrl_c_stops_a_service_at_once_that_does_not_want_to() {
    let service = "trap '' TERM INT; echo $$; while :; do sleep 0.05; done";
    let (_home, mut running) = up(service, &[]);
    let pid = running.stdout.recv_timeout(LIMIT).unwrap();
    let begin = Instant::now();
    running.signal(Signal::INT);
    Running::wait_for(&running.stderr, "again to stop at once");
    assert!(runs(&pid), "the first one was not polite");
    running.signal(Signal::INT);
    assert_eq!(running.code(), Some(137));
    // The polite way takes eight seconds.
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    assert!(!runs(&pid));
}

#[test]
fn the_services_own_end_is_the_end() {
    let (_home, mut running) = up("exit 0", &[]);
    assert_eq!(running.code(), Some(0));
    let (_home, mut running) = up("true", &["--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(running.code(), Some(137));
    let (_home, mut running) = up("true", &["--", "/nonexistent/service"]);
    assert_eq!(running.code(), Some(127));
}

#[test]
fn nothing_goes_on_when_up_is_killed() {
    let (_home, mut running) = up("echo $$; exec sleep 300", &[]);
    let pid = running.stdout.recv_timeout(LIMIT).unwrap();
    Running::wait_for(&running.stderr, "service started");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let until = Instant::now() + LIMIT;
    while runs(&pid) {
        assert!(Instant::now() < until, "the service goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_reader_of_json_that_goes_away_ends_it() {
    let (_home, mut running) = up("exec sleep 300", &["--format", "json"]);
    Running::wait_for(&running.stdout, "service-started");
    // The reading thread ends with its receiver, and closes the pipe.
    let (_, nobody) = std::sync::mpsc::channel();
    drop(std::mem::replace(&mut running.stdout, nobody));
    assert_eq!(running.code(), Some(143));
}
