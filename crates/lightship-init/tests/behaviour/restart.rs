use lightship_model::event::{Exit, What};

use crate::lightship::Lightship;

fn service_exited(what: What) -> Option<(Exit, bool)> {
    match what {
        What::ServiceExited { exit, restart_in_ms } => Some((exit, restart_in_ms.is_some())),
        _ => None,
    }
}

fn manifest(restart: &str, script: &str) -> String {
    format!("[service]\ncommand = [\"sh\", \"-c\", \"{script}\"]\nrestart = \"{restart}\"\n")
}

/// Fails the first time.
const SECOND_TIME_LUCKY: &str = "[ -e {dir}/seen ] && exit 0; touch {dir}/seen; exit 6";

#[test]
fn on_failure_means_until_it_ends_well() {
    let mut running = Lightship::manifest(&manifest("on-failure", SECOND_TIME_LUCKY)).start();
    let first = running.service_started();
    assert_eq!(running.event(service_exited), (Exit::Code(6), true));
    assert_ne!(running.service_started(), first);
    assert_eq!(running.event(service_exited), (Exit::Code(0), false));
    assert_eq!(running.exit(), 0);
}

#[test]
fn never_means_never() {
    assert_eq!(Lightship::manifest(&manifest("never", SECOND_TIME_LUCKY)).run().0, 6);
}

#[test]
fn always_means_also_after_a_good_end() {
    let mut running = Lightship::manifest(&manifest("always", "exit 0")).start();
    assert_eq!(running.event(service_exited), (Exit::Code(0), true));
    assert_eq!(running.event(service_exited), (Exit::Code(0), true));
}

#[test]
fn health_tells_of_a_restart() {
    let script = "[ -e {dir}/seen ] && exec sleep 1000; touch {dir}/seen; exit 6";
    let mut running = Lightship::manifest(&manifest("on-failure", script)).start();
    running.event(service_exited);
    let (status, body) = running.get("/health");
    assert_eq!(status, 503);
    assert!(body.contains("\"gateway\":\"stopped\""), "{body}");
    running.service_ready();
    let full = running.json("/health?full=true");
    assert_eq!(full["status"], "degraded");
    assert_eq!(
        (&full["service"]["restarts"], &full["service"]["lastExit"]),
        (&1.into(), &6.into())
    );
}

#[test]
fn a_service_that_never_holds_ends_the_container_with_its_code() {
    let mut running = Lightship::manifest(&manifest("on-failure", "exit 6")).start();
    let mut restarts = 0;
    while running.event(service_exited).1 {
        restarts += 1;
    }
    assert_eq!((restarts, running.exit()), (5, 6));
}

#[test]
fn a_service_that_is_not_there_is_tried_again() {
    let text = "[service]\ncommand = [\"{dir}/late\"]\n";
    let mut running = Lightship::manifest(text).start();
    assert_eq!(running.event(service_exited), (Exit::Code(127), true));
    std::os::unix::fs::symlink("/bin/true", running.path("late")).unwrap();
    assert_eq!(running.exit(), 0);
}
