use crate::case::{Case, Place};
use crate::subject::Need;

/// Those that can be passed on and do not stop anybody: 1 to 31 without KILL, CHLD, STOP, TSTP,
/// TTIN and TTOU. Also those that are faults otherwise.
const SIGNALS: [u32; 25] =
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 18, 23, 24, 25, 26, 27, 28, 29, 30, 31];

fn every_signal_arrives(need: Need) {
    for place in Place::BOTH {
        let running = Case::new().at(place).need(need).python("print_signals.py", &[]).start();
        let mut lines = vec!["up".to_owned()];
        running.printed("up\n");
        for signal in SIGNALS.map(|signal| signal.to_string()) {
            running.signal(&signal);
            lines.push(signal);
            running.lines(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

/// D6
#[test]
fn every_signal_arrives_in_a_session() {
    every_signal_arrives(Need::Session);
}

/// D6
#[test]
fn every_signal_arrives_at_a_single_child() {
    every_signal_arrives(Need::SingleChild);
}
