//! Commands at the turning points of a service's life.

use std::fs;

use lightship_model::event::{Exit, What};
use rustix::process::Signal;

use crate::lightship::{Lightship, wait_until};

/// A service that says which signals it gets, and ends on TERM and USR1.
const SERVICE: &str = "trap 'echo got TERM; exit 0' TERM; trap 'echo got USR1; exit 0' USR1; \
                       trap 'echo got HUP' HUP; trap 'echo got USR2' USR2; echo up; \
                       while :; do sleep 0.02; done";

fn manifest(keys: &str) -> String {
    format!("[service]\ncommand = [\"sh\", \"-c\", \"{SERVICE}\"]\n{keys}\n")
}

#[test]
fn before_start_runs_to_its_end_before_each_start() {
    let text = "[service]\n\
                command = [\"sh\", \"-c\", \"cat {dir}/made; rm {dir}/made; exit $(wc -l < {dir}/n)\"]\n\
                before_start = [\"sh\", \"-c\", \"sleep 0.1; echo x >> {dir}/n; \
                                 [ $(wc -l < {dir}/n) = 2 ] && : > {dir}/n; echo made > {dir}/made\"]\n\
                backoff = { first = \"1ms\" }\n";
    let (code, output) = Lightship::manifest(text).run();
    assert_eq!((code, output.matches("made").count()), (0, 2), "{output}");
}

#[test]
fn a_before_start_that_fails_ends_the_container_with_its_code() {
    let keys = "before_start = [\"sh\", \"-c\", \"echo no disk; exit 9\"]\n\
                backoff = { first = \"1ms\", max = \"1ms\", budget = 2 }";
    let (code, output) = Lightship::manifest(&manifest(keys)).run();
    assert_eq!((code, output.matches("no disk").count()), (9, 3), "{output}");
    assert!(!output.contains("up"), "{output}");
}

#[test]
fn a_stop_ends_before_start_too() {
    let keys = "before_start = [\"sh\", \"-c\", \"echo preparing; exec sleep 1000\"]";
    let mut running = Lightship::manifest(&manifest(keys)).start();
    running.printed("preparing");
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 143);
    assert!(!running.output().contains("up"));
}

#[test]
fn the_stop_hook_stands_in_for_the_signal() {
    let keys = "stop = [\"sh\", \"-c\", \"kill -USR1 $LIGHTSHIP_SERVICE_PID\"]";
    let mut running = Lightship::manifest(&manifest(keys)).start();
    running.printed("up");
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 0);
    let output = running.output();
    assert!(output.contains("got USR1") && !output.contains("got TERM"), "{output}");
}

#[test]
fn a_stop_hook_that_fails_leaves_it_to_the_signal() {
    for hook in ["[\"false\"]", "[\"/no/such/hook\"]"] {
        let mut running = Lightship::manifest(&manifest(&format!("stop = {hook}"))).start();
        running.printed("up");
        running.signal(Signal::TERM);
        running.event(|what| matches!(what, What::Warning { .. }).then_some(()));
        assert_eq!(running.exit(), 0);
        assert!(running.output().contains("got TERM"));
    }
}

#[test]
fn a_stop_hook_that_hangs_does_not_outlast_the_stop_timeout() {
    let keys = "stop = [\"sleep\", \"1000\"]\nstop_timeout = \"300ms\"";
    let mut running = Lightship::manifest(&manifest(keys)).start();
    running.printed("up");
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 137);
}

#[test]
fn the_stop_signal_is_the_configured_one() {
    let mut running = Lightship::manifest(&manifest("stop_signal = \"USR1\"")).start();
    running.printed("up");
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 0);
    assert!(running.output().contains("got USR1"));
}

#[test]
fn hup_is_passed_on_or_becomes_another_signal() {
    for (keys, text) in [("", "got HUP"), ("reload = \"USR2\"", "got USR2")] {
        let mut running = Lightship::manifest(&manifest(keys)).start();
        running.printed("up");
        running.signal(Signal::HUP);
        running.printed(text);
        running.signal(Signal::TERM);
        assert_eq!(running.exit(), 0);
    }
}

#[test]
fn hup_runs_the_reload_hook() {
    let keys = "reload = [\"sh\", \"-c\", \"echo hook for $LIGHTSHIP_SERVICE_PID\"]";
    let mut running = Lightship::manifest(&manifest(keys)).start();
    let pid = running.service_started();
    running.printed("up");
    running.signal(Signal::HUP);
    running.printed(&format!("hook for {pid}"));
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 0);
    assert!(!running.output().contains("got HUP"));
}

#[test]
fn a_reload_that_fails_is_told_and_the_service_goes_on() {
    let mut running = Lightship::manifest(&manifest("reload = [\"false\"]")).start();
    let pid = running.service_started();
    running.printed("up");
    running.signal(Signal::HUP);
    let message = running.event(|what| match what {
        What::Warning { message } => Some(message),
        _ => None,
    });
    assert_eq!(message, "`reload` ended with exit code 1");
    assert!(crate::lightship::is_alive(pid));
}

#[test]
fn hooks_see_what_the_service_sees() {
    let text = "[service]\ncommand = [\"true\"]\nenv = { MARK = \"yes\" }\ndir = \"{dir}\"\n\
                before_start = [\"sh\", \"-c\", \"[ $MARK = yes ] && echo here > mark\"]\n";
    let lightship = Lightship::manifest(text);
    let mark = lightship.path("mark");
    let mut running = lightship.start();
    wait_until("the hook's file", || fs::read(&mark).ok().filter(|text| text == b"here\n"));
    let exit = running.event(|what| match what {
        What::ServiceExited { exit, .. } => Some(exit),
        _ => None,
    });
    assert_eq!(exit, Exit::Code(0));
}

#[test]
fn a_stop_hook_of_an_earlier_run_that_gives_way_to_the_next_is_no_failure_of_that() {
    // Both runs of it go on after they have ended the service; the first is killed by the second.
    let hook = "rm -f {dir}/sick; sleep 0.3; kill -USR1 $LIGHTSHIP_SERVICE_PID; exec sleep 1000";
    let keys = format!(
        "restart = \"always\"\nbackoff = {{ first = \"10ms\" }}\n\
         live = {{ exec = [\"test\", \"!\", \"-e\", \"{{dir}}/sick\"], period = \"20ms\", \
         failures = 1 }}\nstop = [\"sh\", \"-c\", \"{hook}\"]"
    );
    let lightship = Lightship::manifest(&manifest(&keys));
    let sick = lightship.path("sick");
    let mut running = lightship.start();
    running.service_started();
    running.printed("up\n");
    fs::write(&sick, "").unwrap();
    running.service_started();
    running.printed("got USR1\nup\n");
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 0);
    assert!(!running.output().contains("got TERM"), "{}", running.output());
}
