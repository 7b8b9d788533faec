use crate::case::{Case, Place};
use crate::running::wait_until;
use crate::subject::Need;

/// L3
#[test]
fn of_three_thousand_orphans_no_zombie_stays() {
    for place in Place::BOTH {
        let case = Case::new().at(place);
        let case = if place == Place::Outside { case.need(Need::Subreaper) } else { case };
        let running = case.python("orphans.py", &["3000"]).start();
        running.printed("made");
        let init = running.init();
        wait_until("all are reaped", || (init.children().len() == 1).then_some(()));
    }
}
