//! The level in receipts is what was achieved, and is told.

use lightship_model::confinement::Keeper;
use lightship_model::state::ToolStatus;

use super::report;
use crate::support::{sandbox, script, simple};

/// Shell that prints what the kernel says holds it.
const LOOK: &str = "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status\n\
                    cat /proc/self/oom_score_adj /proc/self/cgroup\n\
                    echo x > \"$HOME/../../../outside\" && echo not held || echo held\n";

#[test]
fn the_receipt_says_what_the_kernel_says() {
    let sandbox = sandbox();
    sandbox.manifest(&script("tool", "", &format!("{LOOK}mkdir \"$PREFIX/bin\"")));
    let run = sandbox.run().installed_all();
    let report = report(&run);
    let level = sandbox.receipts()["tool"].1.confinement.clone();
    assert_eq!(level, report.level);
    assert_eq!(run.last("tool").confinement.as_ref(), Some(&level));
    let log = sandbox.log("tool");
    assert_eq!(log.contains("Seccomp:\t2") || log.contains("Seccomp: 2"), report.seccomp, "{log}");
    assert_eq!(log.contains("\nheld"), report.landlock.is_some(), "{log}");
    assert_eq!(level.contains("landlock-"), report.landlock.is_some());
    let groups = report.processes.by == Keeper::Cgroup;
    assert_eq!(log.contains("/lightship-"), groups, "{log}");
    assert_eq!(level.contains("cgroup-pids"), groups);
    assert!(log.contains("\n800\n"), "{log}");
}

#[test]
fn each_mechanism_that_is_missing_is_missing_in_the_level_and_named() {
    for (without, part) in [("landlock", "landlock"), ("seccomp", "seccomp"), ("cgroup", "cgroup")]
    {
        let mut sandbox = sandbox();
        sandbox.set("LIGHTSHIP_CONFINE_WITHOUT", without);
        sandbox.manifest(&simple("tool", "works"));
        let run = sandbox.run().installed_all();
        let level = sandbox.receipts()["tool"].1.confinement.clone();
        assert!(!level.contains(part), "{level}");
        assert_eq!(level, report(&run).level);
        assert!(!report(&run).missing.is_empty());
    }
}

#[test]
fn with_everything_missing_the_level_is_env() {
    let mut sandbox = sandbox();
    sandbox.set("LIGHTSHIP_CONFINE_WITHOUT", "landlock,seccomp,cgroup");
    sandbox.manifest(&simple("tool", "works"));
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.receipts()["tool"].1.confinement, "env");
}

#[test]
fn switched_off_it_is_env_as_well() {
    let mut sandbox = sandbox();
    sandbox.set("LOA_CONFINE", "off");
    sandbox.manifest(&simple("tool", "works"));
    let run = sandbox.run().installed_all();
    assert_eq!(sandbox.receipts()["tool"].1.confinement, "env");
    assert!(report(&run).missing[0].contains("LOA_CONFINE"), "{:?}", report(&run));
}

#[test]
fn where_it_is_required_and_missing_the_tool_fails_and_nothing_runs() {
    let mut sandbox = sandbox();
    sandbox.set("LIGHTSHIP_CONFINE_WITHOUT", "landlock");
    let tool = script("tool", "", "echo it ran");
    sandbox.manifest(&format!("[loader]\nconfine = \"required\"\n{tool}"));
    let run = sandbox.run().ended_well();
    let change = run.last("tool");
    assert_eq!(change.status, ToolStatus::Failed);
    let error = change.error.as_deref().unwrap();
    assert!(error.contains("confinement is required") && error.contains("Landlock"), "{error}");
    assert!(error.contains("LOA_CONFINE"), "{error}");
    assert!(!sandbox.log("tool").contains("it ran"), "nothing was begun");
}
