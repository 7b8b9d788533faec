use std::thread::sleep;
use std::time::Duration;

use crate::lightship::{Lightship, Running};

/// How often lightship has gone to sleep, and so was woken.
fn switches(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn an_idle_lightship_is_not_woken() {
    let mut running = Lightship::loader("exit 0").start();
    running.event(|what| {
        matches!(what, lightship_model::event::What::LoaderExited { .. }).then_some(())
    });
    sleep(Duration::from_millis(500));
    let before = switches(&running);
    sleep(Duration::from_secs(2));
    // A busy machine may interrupt it once or twice; a tick would show as more.
    assert!(switches(&running) - before <= 2);
}

#[test]
fn there_is_one_thread() {
    let mut running = Lightship::loader("sleep 1000").start();
    running.loader_started();
    running.get("/health?full=true");
    let tasks = std::fs::read_dir(format!("/proc/{}/task", running.pid())).unwrap();
    assert_eq!(tasks.count(), 1);
}
