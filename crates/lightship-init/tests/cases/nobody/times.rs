use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::case::{Case, Place};
use crate::running::wait_until;
use crate::subject::Need;

/// L20
#[test]
fn what_happened_while_everything_was_suspended_is_not_lost() {
    for place in Place::BOTH {
        let case = Case::new().at(place).need(Need::Group);
        let script = "(exec tail -f /dev/null) & echo up; read -r line < \"$DIR/go\"; exit 3";
        let go = case.dir().join("go");
        assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
        let mut running = case.script(script).start();
        running.printed("up");
        let init = running.init();
        init.signal("STOP");
        wait_until("the init is stopped", || init.is_stopped().then_some(()));
        // Open for both, it does not wait for a reader that may not come.
        let mut go = OpenOptions::new().read(true).write(true).open(&go).unwrap();
        go.write_all(b"go\n").unwrap();
        thread::sleep(Duration::from_millis(200));
        assert!(!running.ended());
        init.signal("CONT");
        assert_eq!(running.exit(), 3);
    }
}

/// L20
#[test]
fn a_clock_that_stands_far_ahead_changes_nothing() {
    // About ten years of uptime: times count from somewhere else, and none overflows.
    let far = ["unshare", "--time", "--monotonic=300000000", "--boottime=300000000", "--fork"];
    let case = Case::new().need(Need::StopTimeout("1s")).through(&far);
    let script = "trap 'echo asked' TERM; echo up; while :; do sleep 0.05; done";
    let mut running = case.script(script).start();
    running.printed("up");
    running.signal("TERM");
    assert_eq!(running.exit(), 137);
}
