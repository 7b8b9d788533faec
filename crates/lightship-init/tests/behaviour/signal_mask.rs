use std::process::Command;

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
fn a_blocked_term_still_stops() {
    let mut running = Lightship::service("trap 'exit 8' INT; echo up; while :; do sleep 0.1; done")
        .through(&["env", "--block-signal=TERM", "--ignore-signal=TERM"])
        .start();
    running.printed("up");
    running.signal(rustix::process::Signal::INT);
    assert_eq!(running.exit(), 8);
}
