use crate::case::Case;
use crate::subject::Need;

const HELPER: &str = "sh \"$FIXTURES/helper.sh\" & \
                      until [ -e \"$DIR/ready\" ]; do sleep 0.02; done; exit 3";

/// D14
#[test]
fn what_is_left_in_the_session_gets_term_when_the_command_ended() {
    let mut running = Case::new().need(Need::Session).script(HELPER).start();
    running.printed("cleaned");
    assert_eq!(running.exit(), 3);
}

/// D14
#[test]
fn what_a_single_child_leaves_is_left_alone() {
    let mut running = Case::new().need(Need::SingleChild).script(HELPER).start();
    assert_eq!(running.exit(), 3);
    // Had it been asked to end, it would be on its way.
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(!running.all().is_empty() && !running.output().contains("cleaned"));
}
