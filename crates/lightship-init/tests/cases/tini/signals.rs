use crate::case::{Case, Place};

/// T8, T12
#[test]
fn a_command_that_a_signal_ends_gives_128_and_its_number() {
    for place in Place::BOTH {
        for (signal, code) in [("TERM", 143), ("USR1", 138), ("USR2", 140)] {
            let mut running = Case::new().at(place).script("sleep 1000 & wait").start();
            running.find("sleep");
            running.signal(signal);
            assert_eq!(running.exit(), code, "{signal} {place:?}");
        }
    }
}
