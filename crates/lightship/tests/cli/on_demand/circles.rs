use std::os::unix::fs::symlink;

use super::support::{Ship, tool};

#[test]
fn a_program_that_is_its_own_shim_again_is_told_and_not_run_round_and_round() {
    let ship = Ship::up(&tool("hello", "", "", "exec {home}/local/shims/hello"));
    let done = ship.call("hello", &[]);
    assert_eq!(done.code, Some(70), "{done:#?}");
    assert!(done.stderr.contains("leads back to its own shim"), "{}", done.stderr);
}

#[test]
fn one_that_goes_round_from_process_to_process_comes_to_an_end_too() {
    let ship = Ship::up(&tool("hello", "", "", "{home}/local/shims/hello\nexit $?"));
    let done = ship.call("hello", &[]);
    assert_eq!(done.code, Some(70), "{done:#?}");
    assert!(done.stderr.contains("from process to process"), "{}", done.stderr);
}

#[test]
fn a_program_may_call_itself_and_others_through_shims() {
    let script =
        "if [ -n \"$1\" ]; then echo \"inner $1\"; else {home}/local/shims/hello again; fi";
    let ship = Ship::up(&tool("hello", "", "", script));
    assert_eq!(ship.call("hello", &[]).ok(), "inner again\n");
}

#[test]
fn a_link_to_a_shim_among_the_installed_programs_is_no_program() {
    let ship = Ship::up(&tool("hello", "", "", "echo hi"));
    let bin = ship.home.tool_dir().join("bin");
    symlink(ship.shim("hello"), bin.join("hello")).unwrap();
    // It is replaced by the real one.
    let done = std::process::Command::new(ship.shim("hello")).output().unwrap();
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "hi\n");
}
