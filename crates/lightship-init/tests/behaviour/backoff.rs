//! The pauses before restarts, and their number.

use lightship_model::event::What;

use crate::lightship::Lightship;

fn manifest(backoff: &str) -> String {
    format!("[service]\ncommand = [\"sh\", \"-c\", \"exit 6\"]\nbackoff = {{ {backoff} }}\n")
}

/// The pauses that were announced until the end, and the code.
fn pauses(backoff: &str) -> (Vec<u64>, i32) {
    let mut running = Lightship::manifest(&manifest(backoff)).start();
    let mut pauses = Vec::new();
    loop {
        let pause = running.event(|what| match what {
            What::ServiceExited { restart_in_ms, .. } => Some(restart_in_ms),
            _ => None,
        });
        match pause {
            Some(pause) => pauses.push(pause),
            None => return (pauses, running.exit()),
        }
    }
}

#[test]
fn the_pauses_are_the_configured_ones_and_a_spent_budget_ends_with_the_services_code() {
    let (pauses, code) = pauses("first = \"20ms\", max = \"50ms\", budget = 3");
    assert_eq!(code, 6);
    let [first, second, third] = pauses[..] else { panic!("{pauses:?}") };
    assert!((20..=22).contains(&first) && (40..=44).contains(&second), "{pauses:?}");
    assert!((50..=55).contains(&third), "{pauses:?}");
}

#[test]
fn without_a_budget_the_first_failure_is_the_last() {
    assert_eq!(pauses("budget = 0"), (Vec::new(), 6));
}

#[test]
fn a_window_that_is_over_makes_room_for_more_restarts() {
    let mut running = Lightship::manifest(&manifest(
        "first = \"10ms\", max = \"10ms\", budget = 2, window = \"10ms\"",
    ))
    .start();
    for _ in 0..6 {
        running.event(|what| {
            matches!(what, What::ServiceExited { restart_in_ms: Some(_), .. }).then_some(())
        });
    }
}
