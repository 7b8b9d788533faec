use crate::case::{Case, Place};
use crate::subject::Need;

const STUBBORN: &str = "trap 'echo asked' TERM; echo up; while :; do sleep 0.05; done";

/// L8
#[test]
fn a_second_term_kills() {
    for place in Place::BOTH {
        let case = Case::new().at(place).need(Need::StopTimeout("10m"));
        let mut running = case.script(STUBBORN).start();
        running.printed("up");
        running.signal("TERM");
        running.printed("asked");
        assert!(!running.ended());
        running.signal("TERM");
        assert_eq!(running.exit(), 137);
    }
}

/// L8
#[test]
fn who_is_not_gone_when_the_time_is_over_is_killed() {
    for place in Place::BOTH {
        let case = Case::new().at(place).need(Need::StopTimeout("1s"));
        let mut running = case.script(STUBBORN).start();
        running.printed("up");
        running.signal("TERM");
        assert_eq!(running.exit(), 137);
        assert!(running.output().contains("asked"));
    }
}

/// L8
#[test]
fn without_a_time_the_command_takes_the_time_it_needs() {
    for place in Place::BOTH {
        let script =
            "trap 'echo asked; sleep 1; exit 8' TERM; echo up; while :; do sleep 0.05; done";
        let mut running = Case::new().at(place).need(Need::SingleChild).script(script).start();
        running.printed("up");
        running.signal("TERM");
        running.printed("asked");
        running.signal("TERM");
        assert_eq!(running.exit(), 8);
    }
}
