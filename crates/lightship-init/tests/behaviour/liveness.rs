//! Liveness: a service that hangs is restarted, one that stumbles is not.

use std::fs;
use std::time::Duration;

use lightship_model::event::{Exit, Fault, What};

use crate::lightship::{Lightship, wait_until};

/// A check that fails as long as the file `sick` is there, and counts how often it was made.
fn manifest(more: &str) -> String {
    let check = "echo x >> {dir}/checks; [ ! -e {dir}/sick ]";
    format!(
        "[service]\ncommand = [\"sleep\", \"1000\"]\nrestart = \"on-failure\"\n\
         live = {{ exec = [\"sh\", \"-c\", \"{check}\"], period = \"20ms\", failures = 3 }}\n{more}"
    )
}

#[test]
fn a_service_that_fails_its_checks_is_ended_and_started_again() {
    let lightship = Lightship::manifest(&manifest(""));
    let sick = lightship.path("sick");
    let mut running = lightship.start();
    let first = running.service_started();
    fs::write(&sick, "").unwrap();
    let message = running.event(|what| match what {
        What::ServiceFaulted { fault: Fault::Probe, message } => Some(message),
        _ => None,
    });
    assert!(message.contains("failed 3 liveness checks in a row"), "{message}");
    let (exit, again) = running.event(|what| match what {
        What::ServiceExited { exit, restart_in_ms } => Some((exit, restart_in_ms.is_some())),
        _ => None,
    });
    assert_eq!((exit, again), (Exit::Signal(15), true));
    fs::remove_file(&sick).unwrap();
    assert_ne!(running.service_started(), first);
}

#[test]
fn two_failures_in_a_row_are_not_three() {
    // Fails twice of three times, for ever.
    let text =
        manifest("").replace("[ ! -e {dir}/sick ]", "[ $(($(wc -l < {dir}/checks) % 3)) = 0 ]");
    let lightship = Lightship::manifest(&text);
    let checks = lightship.path("checks");
    let mut running = lightship.start();
    let pid = running.service_started();
    wait_until("twelve checks", || {
        let count = fs::read_to_string(&checks).unwrap_or_default().lines().count();
        (count >= 12).then_some(())
    });
    assert!(crate::lightship::is_alive(pid));
    assert!(
        !running
            .saw(|what| matches!(what, What::ServiceExited { .. } | What::ServiceFaulted { .. }))
    );
}

#[test]
fn a_service_that_ignores_the_polite_signal_is_killed() {
    let text = manifest("stop_timeout = \"200ms\"\n").replace(
        "\"sleep\", \"1000\"",
        "\"sh\", \"-c\", \"trap '' TERM; touch {dir}/sick; while :; do sleep 0.05; done\"",
    );
    let mut running = Lightship::manifest(&text).start();
    let exit = running.event(|what| match what {
        What::ServiceExited { exit, .. } => Some(exit),
        _ => None,
    });
    assert_eq!(exit, Exit::Signal(9));
}

#[test]
fn a_service_is_not_asked_before_it_is_ready() {
    let lightship = Lightship::manifest(&manifest("ready = { log = \"never said\" }\n"));
    let checks = lightship.path("checks");
    let mut running = lightship.start();
    running.service_started();
    std::thread::sleep(Duration::from_millis(300));
    assert!(!checks.exists());
}
