//! An installer that leaves daemons behind: in sessions of their own, without parents and
//! without an environment by which they could be known.

use std::fs;
use std::path::PathBuf;

use testkit::Sandbox;
use testkit::process::is_alive;

use super::{Service, cgroup_pids, error};
use crate::support::{makes, sandbox, script};

/// Shell that starts such a daemon, prints its number, and goes on when it is up.
const DAEMON: &str = "up=\"$STAGE/up\"\n\
                      (env -i PATH=\"$PATH\" setsid sh -c \
                      \"env -i PATH='$PATH' setsid sh -c 'echo pid \\$\\$; touch $up; \
                      trap : TERM HUP; while :; do sleep 1; done' &\" &)\n\
                      until [ -e \"$up\" ]; do sleep 0.02; done\n";

fn pid(sandbox: &Sandbox) -> String {
    let log = sandbox.log("bad");
    log.lines().find_map(|line| line.strip_prefix("pid ")).unwrap().to_owned()
}

fn assert_ended(sandbox: &Sandbox) {
    let service = Service::start();
    sandbox.manifest(&script("bad", "", &format!("{}{DAEMON}", makes("bad", "bad"))));
    let run = sandbox.run().ended_well();
    let error = error(sandbox, &run);
    let names = error.split("left daemons running: ").nth(1).unwrap_or_default();
    assert!(names.starts_with("sh"), "{error}");
    assert!(!is_alive(&pid(sandbox)));
    service.assert_alive();
}

#[test]
fn they_are_ended_and_the_tool_has_failed() {
    assert_ended(&sandbox());
}

#[test]
fn without_control_groups_the_loader_finds_them_as_its_orphans() {
    let mut sandbox = sandbox();
    sandbox.set("LIGHTSHIP_CONFINE_WITHOUT", "cgroup");
    assert_ended(&sandbox);
}

#[test]
fn they_do_not_outlive_an_installer_that_fails() {
    let sandbox = sandbox();
    sandbox.manifest(&script("bad", "retries = 0", &format!("{DAEMON}exit 7")));
    let run = sandbox.run().ended_well();
    assert!(error(&sandbox, &run).contains("exit code 7"));
    assert!(!is_alive(&pid(&sandbox)));
}

#[test]
fn those_of_a_killed_loader_are_ended_by_the_next_one() {
    if !cgroup_pids() {
        return;
    }
    let sandbox = sandbox();
    let calm = sandbox.path("calm");
    let run = format!(
        "{}[ -e '{}' ] && exit 0\n{DAEMON}while :; do sleep 1; done",
        makes("bad", "at last"),
        calm.display()
    );
    sandbox.manifest(&script("bad", "", &run));
    let mut loader = sandbox.start();
    testkit::process::wait_until("the daemon", || {
        let log = fs::read_to_string(sandbox.dir().join("v1/logs/bad.log")).unwrap_or_default();
        log.contains("pid ")
    });
    let daemon = pid(&sandbox);
    loader.kill();
    drop(loader.finish());
    assert!(is_alive(&daemon), "there is nothing to show");
    fs::write(calm, "").unwrap();
    let _run = sandbox.run().installed_all();
    assert!(!is_alive(&daemon));
    assert_eq!(testkit::groups::of(&sandbox.dir()), Vec::<PathBuf>::new());
    assert_eq!(sandbox.output_of("bad"), "at last");
}
