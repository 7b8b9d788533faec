//! Codes that mean success.

use lightship_model::event::What;
use rustix::process::Signal;

use crate::lightship::Lightship;

fn manifest(script: &str) -> String {
    format!("[service]\ncommand = [\"sh\", \"-c\", \"{script}\"]\nsuccess_codes = [143, 3]\n")
}

#[test]
fn a_code_that_means_success_becomes_0_and_is_no_reason_to_restart() {
    let mut running = Lightship::manifest(&manifest("exit 3")).start();
    let restart = running.event(|what| match what {
        What::ServiceExited { restart_in_ms, .. } => Some(restart_in_ms),
        _ => None,
    });
    assert_eq!((restart, running.exit()), (None, 0));
}

#[test]
fn a_signals_code_may_mean_success_too() {
    let mut running = Lightship::manifest(&manifest("exec sleep 1000")).start();
    running.service_started();
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 0);
}

#[test]
fn other_codes_keep_their_meaning() {
    let text = manifest("exit 4") + "restart = \"never\"\n";
    assert_eq!(Lightship::manifest(&text).run().0, 4);
}
