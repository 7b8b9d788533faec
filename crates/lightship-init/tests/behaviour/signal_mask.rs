use std::process::Command;

use lightship_model::event::What;
use rustix::process::Signal;

use crate::lightship::Lightship;

const ENV: [&str; 3] = ["env", "--block-signal=USR1,CONT", "--ignore-signal=INT,HUP"];
const SHOW: [&str; 3] = ["grep", "-E", "^Sig(Blk|Ign|Cgt):"];

#[test]
fn the_service_sees_the_signals_as_lightship_found_them() {
    let direct =
        Command::new(ENV[0]).args(&ENV[1..]).args(SHOW).arg("/proc/self/status").output().unwrap();
    let command = [&SHOW[..], &["/proc/self/status"]].concat();
    let (code, output) = Lightship::new().command(&command).through(&ENV).run();
    assert_eq!(code, 0);
    assert_eq!(output, String::from_utf8(direct.stdout).unwrap());
    assert!(output.contains("SigBlk:\t0000000000020200"), "{output}");
}

#[test]
fn ended_children_are_seen_even_when_their_signal_was_ignored() {
    let ignoring = ["env", "--ignore-signal=CHLD"];
    assert_eq!(Lightship::service("true; exit 6").through(&ignoring).run().0, 6);
}

#[test]
fn lightship_hears_signals_that_were_blocked_and_ignored_when_it_started() {
    let mut running = Lightship::new()
        .arg("--stop-timeout", "8s")
        .command(&["sleep", "1000"])
        .through(&["env", "--block-signal=TERM", "--ignore-signal=TERM"])
        .start();
    running.service_started();
    running.signal(Signal::TERM);
    running.event(|what| matches!(what, What::Stopping { .. }).then_some(()));
    // The service does not hear the first one, as it would not without lightship.
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 137);
}
