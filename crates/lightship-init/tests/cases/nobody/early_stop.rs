use std::thread;
use std::time::Duration;

use crate::case::{Case, Place};

/// L9
#[test]
fn term_at_any_moment_of_the_start_ends_it() {
    for tenths in 0..40 {
        let mut running = Case::new().command(&["sleep", "1000"]).start();
        thread::sleep(Duration::from_micros(100 * tenths));
        running.started_process().signal("TERM");
        running.gone();
        assert!(running.all().is_empty(), "after {tenths} tenths of a millisecond");
    }
}

/// L9
#[test]
fn term_between_two_starts_ends_it_with_the_last_code() {
    let manifest = "[service]\ncommand = [\"sh\", \"-c\", \"echo ran; exit 9\"]\n";
    for place in Place::BOTH {
        let case = Case::new().at(place).manifest(manifest);
        let mut running = case.options(&["--listen", "127.0.0.1:0"]).start();
        running.printed("ran");
        running.signal("TERM");
        assert_eq!(running.exit(), 9);
    }
}
