use crate::case::{Case, Place};
use crate::running::{Running, wait_until};
use crate::subject::Need;

/// Two pipelines: four processes beside the shell.
const PIPELINES: &str = "sleep 1000 | cat & sleep 1000 | cat";

fn workers(running: &Running) -> usize {
    running.named("sleep").len() + running.named("cat").len()
}

fn start(case: Case) -> Running {
    let running = case.script(PIPELINES).start();
    wait_until("both pipelines run", || (workers(&running) == 4).then_some(()));
    running
}

/// D12
#[test]
fn term_ends_every_process_of_the_session() {
    for place in Place::BOTH {
        let running = start(Case::new().at(place).need(Need::Session));
        running.signal("TERM");
        wait_until("nobody is left", || running.all().is_empty().then_some(()));
    }
}

/// D13
#[test]
fn term_does_not_reach_the_group_of_a_single_child() {
    let mut running = start(Case::new().need(Need::SingleChild));
    running.signal("TERM");
    assert_eq!(running.exit(), 143);
    assert_eq!(workers(&running), 4);
}
