use crate::case::{Case, Place};
use crate::running::wait_until;

/// D17
#[test]
fn no_zombie_stays_in_a_container() {
    let script = "(sh -c 'echo ended' &); (sh -c 'echo ended' &); exec sleep 1000";
    let running = Case::new().at(Place::PidOne).script(script).start();
    running.printed("ended\nended\n");
    let (init, command) = (running.init(), running.find("sleep"));
    wait_until("both are reaped", || (init.children() == [command]).then_some(()));
}
