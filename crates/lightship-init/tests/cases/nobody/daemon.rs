use crate::case::{Case, Place};
use crate::running::wait_until;

/// L11
#[test]
fn a_command_that_went_to_the_background_gets_its_time_to_end() {
    for place in Place::BOTH {
        // As daemons do it: two forks and a session in between.
        let script = "setsid sh -c 'sh \"$FIXTURES/helper.sh\" &' & wait; \
                      until [ -e \"$DIR/ready\" ]; do sleep 0.02; done; exit 0";
        let mut running = Case::new().at(place).script(script).start();
        assert_eq!(running.exit(), 0);
        assert!(running.output().contains("cleaned"), "the daemon was cut off");
        wait_until("nobody is left", || running.all().is_empty().then_some(()));
    }
}
