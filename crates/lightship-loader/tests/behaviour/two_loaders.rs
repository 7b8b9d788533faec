//! Two loaders on one directory: one works, the other waits and finds the work done.

use lightship_model::state::ToolStatus;
use testkit::Loader;

use crate::support::{makes, sandbox, script, simple, wait_for_status, waits_for, warning};

#[test]
fn the_second_waits_says_so_and_each_tool_is_installed_once() {
    let sandbox = sandbox();
    let go = sandbox.path("go");
    let slow = format!("{}{}", waits_for(&go), makes("slow", "slow"));
    sandbox.manifest(&format!("{}{}", script("slow", "", &slow), simple("quick", "quick")));
    let mut first = sandbox.start();
    wait_for_status(&mut first, "slow", ToolStatus::Installing);
    let mut second = sandbox.start();
    let message = second.wait_for("warning", warning);
    assert!(message.contains(&format!("process {}", first.pid())), "{message}");
    assert!(message.contains("waiting for it"), "{message}");
    std::fs::write(go, "").unwrap();
    let _first = first.finish().installed_all();
    let second = second.finish().installed_all();
    assert_eq!(second.last("slow").status, ToolStatus::Installed);
    let mut installed = sandbox.acts("installed");
    installed.sort();
    assert_eq!(installed, ["quick", "slow"]);
    assert_eq!(sandbox.output_of("slow"), "slow");
}

#[test]
fn a_loader_that_waited_does_the_work_of_one_that_was_killed() {
    let sandbox = sandbox();
    let go = sandbox.path("go");
    let slow = format!("{}{}", waits_for(&go), makes("slow", "slow"));
    sandbox.manifest(&script("slow", "", &slow));
    let mut first = sandbox.start();
    wait_for_status(&mut first, "slow", ToolStatus::Installing);
    let mut second = sandbox.start();
    second.wait_for("warning", warning);
    first.kill();
    std::fs::write(go, "").unwrap();
    let _second = second.finish().installed_all();
    assert_eq!(sandbox.output_of("slow"), "slow");
}

#[test]
fn a_loader_with_nothing_to_do_does_not_wait() {
    let sandbox = sandbox();
    sandbox.manifest(&simple("old", "old"));
    let _run = sandbox.run().installed_all();
    let go = sandbox.path("go");
    let slow = script("slow", "", &format!("{}{}", waits_for(&go), makes("slow", "slow")));
    let old = sandbox.path("old.toml");
    std::fs::copy(sandbox.path("lightship.toml"), &old).unwrap();
    sandbox.manifest(&format!("{}{slow}", simple("old", "old")));
    let mut busy = sandbox.start();
    wait_for_status(&mut busy, "slow", ToolStatus::Installing);
    sandbox.manifest(&std::fs::read_to_string(old).unwrap());
    let _idle = sandbox.run().installed_all();
    std::fs::write(go, "").unwrap();
    let _busy = busy.finish().installed_all();
}

#[test]
fn a_loader_that_has_nothing_to_do_changes_nothing_of_what_a_busy_one_makes() {
    let sandbox = sandbox();
    let go = sandbox.path("go");
    let slow = format!("{}{}", waits_for(&go), makes("slow", "slow"));
    sandbox.manifest(&format!("{}{}", simple("quick", "quick"), script("slow", "", &slow)));
    let mut busy = sandbox.start();
    wait_for_status(&mut busy, "quick", ToolStatus::Installed);
    let before = sandbox.state_text();
    // One that may load nothing, and one of another image, which wants neither.
    let mut off = sandbox.loader();
    off.env("LOA_DEFERRED_TOOLS", "false");
    let _off = Loader::start(off).finish().ended_well();
    let mut other = sandbox.command(sandbox.loader().get_program());
    std::fs::write(sandbox.path("other.toml"), "").unwrap();
    other.args(["run", "--manifest", "other.toml", "--tool-dir"]).arg(sandbox.dir());
    let _other = Loader::start(other).finish().ended_well();
    assert_eq!(sandbox.state_text(), before);
    assert_eq!(sandbox.output_of("quick"), "quick");
    std::fs::write(go, "").unwrap();
    let _busy = busy.finish().installed_all();
    assert_eq!(sandbox.output_of("quick") + &sandbox.output_of("slow"), "quickslow");
}

#[test]
fn two_that_start_at_the_same_moment_do_not_hinder_each_other() {
    for _ in 0..8 {
        let sandbox = sandbox();
        sandbox.manifest(&format!("{}{}", simple("one", "1"), simple("two", "2")));
        let (first, second) = (sandbox.start(), sandbox.start());
        let _first = first.finish().installed_all();
        let _second = second.finish().installed_all();
        let mut installed = sandbox.acts("installed");
        installed.sort();
        assert_eq!(installed, ["one", "two"]);
        assert_eq!(sandbox.output_of("one") + &sandbox.output_of("two"), "12");
    }
}
