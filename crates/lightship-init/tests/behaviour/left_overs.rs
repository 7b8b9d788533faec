use rustix::process::Signal;

use crate::lightship::{Lightship, is_alive, numbers, wait_until};

#[test]
fn a_helper_in_the_services_group_gets_the_time_to_clean_up() {
    let script = "(trap 'sleep 0.3; echo cleaned; exit' TERM; while :; do sleep 0.1; done) & \
                  sleep 0.3; exit 4";
    let (code, output) = Lightship::service(script).run();
    assert_eq!((code, output.contains("cleaned")), (4, true), "{output}");
}

#[test]
fn a_helper_that_does_not_go_is_killed() {
    let lightship = Lightship::new();
    let pids = lightship.path("pids");
    let script = format!(
        "(trap '' TERM; while :; do sleep 1; done) & echo $! > '{}'; sleep 0.2; exit 4",
        pids.display()
    );
    let mut running = lightship.command(&["sh", "-c", &script]).start();
    assert_eq!(running.exit(), 4);
    let helper = numbers(&pids, 1)[0];
    wait_until("the helper is gone", || (!is_alive(helper)).then_some(()));
}

#[test]
fn a_stop_reaches_the_whole_group() {
    let script = "sleep 1000 & sleep 1000 & echo up; wait";
    let mut running = Lightship::service(script).start();
    running.printed("up");
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 143);
}
