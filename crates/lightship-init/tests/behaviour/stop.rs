use std::process::Command;

use lightship_model::event::What;
use rustix::process::Signal;

use crate::lightship::{Lightship, is_alive};

/// A service that is stopped, and killed when it takes too long.
fn supervised(script: &str) -> Lightship {
    Lightship::service(script).arg("--stop-timeout", "8s")
}

#[test]
fn term_stops_the_service_and_gives_its_code() {
    let mut running =
        supervised("trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done").start();
    running.printed("up");
    running.signal(Signal::TERM);
    let reason = running.event(|what| match what {
        What::Stopping { reason } => Some(reason),
        _ => None,
    });
    assert_eq!(reason, "signal TERM");
    assert_eq!(running.exit(), 5);
}

#[test]
fn a_service_that_term_ends_gives_143() {
    let mut running = Lightship::new().command(&["sleep", "1000"]).start();
    running.service_started();
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 143);
}

#[test]
fn int_reaches_the_service_as_int_and_quit_as_term() {
    for (signal, word) in [(Signal::INT, "INT"), (Signal::QUIT, "TERM")] {
        let script = "trap 'echo got INT; exit 0' INT; trap 'echo got TERM; exit 0' TERM; \
                      trap 'echo got QUIT; exit 0' QUIT; echo up; while :; do sleep 0.1; done";
        let mut running = supervised(script).start();
        running.printed("up");
        running.signal(signal);
        assert_eq!(running.exit(), 0);
        assert!(running.output().contains(&format!("got {word}")));
    }
}

#[test]
fn a_second_term_kills_at_once() {
    let mut running = supervised("trap '' TERM; echo up; while :; do sleep 1; done").start();
    let service = running.service_started();
    running.printed("up");
    running.signal(Signal::TERM);
    running.event(|what| matches!(what, What::Stopping { .. }).then_some(()));
    assert!(is_alive(service));
    assert_eq!(running.get("/readyz").0, 503);
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 137);
    assert!(!is_alive(service));
}

#[test]
fn a_service_that_ignores_term_is_killed_when_its_time_is_over() {
    let manifest = "[service]\ncommand = [\"sh\", \"-c\", \
                    \"trap '' TERM; echo up; while :; do sleep 1; done\"]\nstop_timeout = \"1s\"\n";
    let mut running = Lightship::manifest(manifest).start();
    running.printed("up");
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 137);
}

#[test]
fn other_signals_are_passed_on() {
    let script = "for s in HUP USR1 USR2 WINCH; do trap \"echo got $s\" $s; done; \
                  echo up; while :; do sleep 0.1; done";
    let running = Lightship::service(script).start();
    running.printed("up");
    for (signal, word) in [
        (Signal::HUP, "HUP"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
    ] {
        running.signal(signal);
        running.printed(&format!("got {word}\n"));
    }
}

#[test]
fn term_between_two_starts_ends_it_with_the_last_code() {
    let manifest = "[service]\ncommand = [\"sh\", \"-c\", \"exit 9\"]\n";
    let mut running = Lightship::manifest(manifest).start();
    running.event(|what| matches!(what, What::ServiceExited { .. }).then_some(()));
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 9);
}

#[test]
fn a_limit_of_descriptors_that_is_lowered_later_costs_neither_lightship_nor_its_signals() {
    let mut running =
        supervised("trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done").start();
    running.printed("up");
    let pid = running.pid().to_string();
    let lowered = Command::new("prlimit").args(["--nofile=1", "--pid", &pid]).status().unwrap();
    assert!(lowered.success());
    running.signal(Signal::CONT);
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 5);
}
