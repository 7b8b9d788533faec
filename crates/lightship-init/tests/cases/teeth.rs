//! Without an init the cases fail, so they do test something.

use crate::case::{Case, Place};
use crate::running::wait_until;
use crate::subject::Subject;

#[test]
fn without_an_init_orphans_stay_zombies() {
    let case = Case::of(Subject::none()).at(Place::PidOne);
    let running = case.python("orphans.py", &["50"]).start();
    running.printed("made");
    let init = running.init();
    wait_until("the orphans are zombies", || {
        let zombies = init.children().into_iter().filter(|child| child.state() == Some('Z'));
        (zombies.count() == 50).then_some(())
    });
}

#[test]
fn without_an_init_pid_1_does_not_hear_term() {
    let case = Case::of(Subject::none()).at(Place::PidOne);
    let mut running = case.command(&["sleep", "1000"]).start();
    running.find("sleep").signal("TERM");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(!running.ended());
}
