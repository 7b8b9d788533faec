use crate::case::{Case, Place};
use crate::subject::{Need, Subject};

/// A command that ignores USR1, with a child that does not; it ends when the child ended.
const CASE: &str = "trap '' USR1; env --default-signal=USR1 sleep 1000; exit 6";

fn the_child_is_reached(case: Case) {
    let mut running = case.script(CASE).start();
    running.find("sleep");
    running.signal("USR1");
    assert_eq!(running.exit(), 6);
}

/// T9
#[test]
fn a_signal_reaches_the_whole_group() {
    for place in Place::BOTH {
        the_child_is_reached(Case::new().at(place).need(Need::Group));
    }
}

/// T9
#[test]
fn a_signal_reaches_the_whole_group_by_the_environment() {
    for place in Place::BOTH {
        let case = Case::of(Subject::as_tini()).env("TINI_KILL_PROCESS_GROUP", "");
        the_child_is_reached(case.at(place));
    }
}
