use crate::case::{Case, Place};
use crate::running::wait_until;
use crate::subject::Need;

/// Starts a helper in a session of its own, and ends when it is there.
fn leaving(fixture: &str) -> String {
    format!(
        "setsid sh \"$FIXTURES/{fixture}\" & \
         until [ -e \"$DIR/ready\" ]; do sleep 0.02; done; exit 3"
    )
}

/// L2
#[test]
fn who_made_a_session_of_its_own_cleans_up_too() {
    for place in Place::BOTH {
        let case = Case::new().at(place).need(Need::Group);
        let (code, output) = case.script(&leaving("helper.sh")).run();
        assert_eq!(code, 3, "{output}");
        assert!(output.contains("cleaned"), "the helper was cut off: {output}");
    }
}

/// L2
#[test]
fn who_does_not_go_is_asked_and_then_killed() {
    for place in Place::BOTH {
        let case = Case::new().at(place).need(Need::Group).need(Need::Grace("1s"));
        let mut running = case.script(&leaving("stubborn.sh")).start();
        assert_eq!(running.exit(), 3);
        assert!(running.output().contains("asked"), "{}", running.output());
        wait_until("nobody is left", || running.all().is_empty().then_some(()));
    }
}
