//! An installer that takes all memory.

use super::{Service, cgroup_memory, error};
use crate::support::{sandbox, script};

/// Takes 100 MiB a second, at most, and 2 GiB in all if nobody stops it.
const GREEDY: &str = "exec python3 -c 'import time\nkept = []\nfor i in range(2048):\n    \
                      kept.append(b\"x\" * (1 << 20))\n    time.sleep(0.01)'";

#[test]
fn a_control_group_stops_it_at_its_bound() {
    if !cgroup_memory() {
        return;
    }
    let (sandbox, service) = (sandbox(), Service::start());
    sandbox.manifest(&script("bad", "memory = \"64MiB\"", GREEDY));
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("used more than 64 MiB of memory"), "{error}");
    assert!(error.contains("raise `memory`"), "{error}");
    assert_eq!(sandbox.acts("install"), ["bad"], "another attempt would not help");
    service.assert_alive();
}

#[test]
fn the_loaders_bound_holds_for_all_tools_together() {
    if !cgroup_memory() {
        return;
    }
    let sandbox = sandbox();
    let bad = script("bad", "", GREEDY);
    sandbox.manifest(&format!("[loader]\nmemory = \"64MiB\"\n{bad}"));
    let run = sandbox.run().ended_well();
    assert_eq!(super::report(&run).memory.limit, 64 << 20);
    let error = error(&sandbox, &run);
    assert!(error.contains("used more than 64 MiB of memory"), "{error}");
}

#[test]
fn without_one_the_loader_sees_it_and_ends_it() {
    let (mut sandbox, service) = (sandbox(), Service::start());
    sandbox.set("LIGHTSHIP_CONFINE_WITHOUT", "cgroup");
    sandbox.manifest(&script("bad", "memory = \"64MiB\"", GREEDY));
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("used more than 64 MiB of memory"), "{error}");
    service.assert_alive();
}
