use std::fs;

use crate::case::{Case, Place};

/// Closes all three, and then runs the init.
const CLOSED: [&str; 4] = ["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"];

/// L16
#[test]
fn closed_standard_streams_are_no_reason_to_fail() {
    for place in Place::BOTH {
        // Nothing of the init's may be where the command expects a stream.
        let script = "for fd in 0 1 2; do readlink /proc/self/fd/$fd; done > \"$DIR/streams\"; \
                      (sleep 0 &); exit 6";
        let case = Case::new().at(place).through(&CLOSED).script(script);
        let mut running = case.start();
        assert_eq!(running.exit(), 6);
        let streams = fs::read_to_string(running.dir().join("streams")).unwrap();
        let own = running.dir().join("streams").display().to_string();
        let harmless = |line: &str| line == "/dev/null" || line == own;
        assert!(streams.lines().all(harmless), "{streams}");
    }
}

/// L16
#[test]
fn a_command_that_can_t_be_executed_is_an_error_though_nobody_can_be_told() {
    for place in Place::BOTH {
        let case = Case::new().at(place).through(&CLOSED).command(&["/no/such/program"]);
        assert_ne!(case.run().0, 0);
    }
}

/// L16
#[test]
fn a_full_output_does_not_stop_signals() {
    for place in Place::BOTH {
        let script = "trap 'exit 7' TERM; echo up > \"$DIR/up\"; echo lost; \
                      while :; do sleep 0.05; done";
        let launcher = ["sh", "-c", "exec \"$@\" >/dev/full 2>&1", "sh"];
        let mut running = Case::new().at(place).through(&launcher).script(script).start();
        running.appeared("up");
        running.signal("TERM");
        assert_eq!(running.exit(), 7);
    }
}
