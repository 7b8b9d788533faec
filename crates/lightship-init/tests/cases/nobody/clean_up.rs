use crate::case::{Case, Place};
use crate::subject::Need;

/// Starts a helper that needs 0.3 s to clean up, and waits until it is there.
const HELPER: &str = "sh \"$FIXTURES/helper.sh\" & \
                      until [ -e \"$DIR/ready\" ]; do sleep 0.02; done; ";

/// L1
#[test]
fn a_helper_cleans_up_when_the_command_has_ended_by_itself() {
    for place in Place::BOTH {
        let case = Case::new().at(place).need(Need::Group);
        let (code, output) = case.script(&format!("{HELPER} exit 4")).run();
        assert_eq!(code, 4, "{output}");
        assert!(output.contains("cleaned"), "the helper was cut off: {output}");
    }
}

/// L1
#[test]
fn a_helper_cleans_up_when_the_command_was_stopped() {
    for place in Place::BOTH {
        let script = format!("trap 'exit 5' TERM; {HELPER} echo up; while :; do sleep 0.05; done");
        let mut running = Case::new().at(place).need(Need::Group).script(&script).start();
        running.printed("up");
        running.signal("TERM");
        assert_eq!(running.exit(), 5);
        assert!(running.output().contains("cleaned"), "the helper was cut off");
    }
}
