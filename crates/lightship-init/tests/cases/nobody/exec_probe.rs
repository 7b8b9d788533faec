use std::fs;

use crate::case::{Case, Place};
use crate::running::wait_until;

/// L13
#[test]
fn a_probe_that_hangs_harms_nobody_and_is_not_left_behind() {
    let manifest = r#"
        [service]
        command = ["sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"]
        ready = { exec = ["sh", "-c", "echo probed >> {dir}/probes; exec tail -f /dev/null"] }
    "#;
    for place in Place::BOTH {
        let case = Case::new().at(place).manifest(manifest);
        let mut running = case.options(&["--listen", "127.0.0.1:0"]).start();
        running.printed("up");
        // Not before one has been given up and the next begun.
        let probes = running.dir().join("probes");
        wait_until("a second probe", || {
            let text = fs::read_to_string(&probes).unwrap_or_default();
            (text.lines().count() > 1).then_some(())
        });
        assert!(running.named("tail").len() <= 1, "probes pile up");
        running.signal("TERM");
        assert_eq!(running.exit(), 5);
        wait_until("nobody is left", || running.all().is_empty().then_some(()));
    }
}
