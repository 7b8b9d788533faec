//! An installer that starts processes without end.

use super::{Service, cgroup_pids, error};
use crate::support::{sandbox, script};

#[test]
fn a_control_group_stops_it_at_its_bound() {
    if !cgroup_pids() {
        return;
    }
    let (sandbox, service) = (sandbox(), Service::start());
    sandbox.manifest(&script(
        "bad",
        "processes = 64",
        "bomb() { bomb | bomb & }\nbomb\nwait\nsleep 60",
    ));
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("tried to run more than 64 processes and threads"), "{error}");
    assert!(error.contains("raise `processes`"), "{error}");
    assert_eq!(sandbox.acts("install"), ["bad"], "another attempt would not help");
    service.assert_alive();
}

#[test]
fn without_one_the_loader_sees_it_and_ends_it() {
    let (mut sandbox, service) = (sandbox(), Service::start());
    sandbox.set("LIGHTSHIP_CONFINE_WITHOUT", "cgroup");
    // Some of them leave their session and their parents, and forget who they were.
    let run = "while :; do env -i setsid sleep 600 & sleep 600 & sleep 0.01; done";
    sandbox.manifest(&script("bad", "processes = 64", run));
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("tried to run more than 64 processes and threads"), "{error}");
    assert!(!super::report(&run).level.contains("cgroup"));
    service.assert_alive();
}
