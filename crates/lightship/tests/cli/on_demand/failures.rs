use super::support::{Ship, tool};
use crate::support::{Done, Home, Running, manifest};

#[track_caller]
fn one_line(done: &Done, code: i32) -> &str {
    assert_eq!((done.code, done.stdout.as_str()), (Some(code), ""), "{done:#?}");
    assert_eq!(done.stderr.lines().count(), 1, "{done:#?}");
    &done.stderr
}

#[test]
fn a_tool_that_failed_is_told_in_one_line_with_69_and_is_tried_again_by_the_next_caller() {
    let before = "if ! [ -e {home}/good ]; then echo error: no such thing >&2; exit 3; fi";
    let ship = Ship::up(&tool("hello", "", before, "echo hi"));
    let done = ship.call("hello", &[]);
    let line = one_line(&done, 69);
    assert!(line.starts_with("lightship: hello: the tool hello failed: "), "{line}");
    assert!(line.contains("lightship tools log hello"), "{line}");
    ship.touch("good");
    assert_eq!(ship.call("hello", &[]).ok(), "hi\n");
}

#[test]
fn a_requirement_that_failed_is_named() {
    let tools = tool("base", "", "echo error: no base >&2; exit 3", "true")
        + &tool("hello", "requires = [\"base\"]", "", "true");
    let ship = Ship::up(&tools);
    let done = ship.call("hello", &[]);
    let line = one_line(&done, 69);
    assert!(line.contains("hello failed: it requires base, which failed: "), "{line}");
}

#[test]
fn a_tool_without_the_program_that_it_promises_is_a_failure_with_a_reason() {
    let ship = Ship::up(&tool("hello", "bins = [\"other\"]", "", "true"));
    let done = ship.call("other", &[]);
    let line = one_line(&done, 69);
    assert!(line.contains("other"), "{line}");
}

#[test]
fn a_program_that_only_might_be_there_and_is_not_is_127() {
    // Its tool does not say which programs it has.
    let tools = tool("hello", "", "", "true").replace("$PREFIX/bin/hello", "$PREFIX/bin/greet");
    let ship = Ship::up(&tools);
    let done = ship.call("hello", &[]);
    let line = one_line(&done, 127);
    assert!(line.contains("the tool hello is installed, and has no such program"), "{line}");
    assert_eq!(ship.call("greet", &[]).code, Some(0));
}

#[test]
fn where_nothing_is_loaded_there_are_no_shims_and_where_they_can_not_be_everything_else_works() {
    let tools = tool("hello", "", "", "true");
    let ship = Ship::up_with("", "sleep 1000", &tools);
    assert!(ship.shim("hello").is_symlink());
    let off = Ship::up_with("enabled = false", "sleep 1000", &tools);
    assert!(!off.shim("hello").exists() && !off.shim("").exists());

    let home = Home::new();
    let manifest = home.write("m.toml", &manifest("sleep 1000"));
    let local = home.write("local", "a file where a directory should be");
    let running = home.start(&["up", "--manifest", &manifest, "--format", "json"]);
    let line = Running::wait_for(&running.stdout, "there are no shims");
    assert!(line.contains(&local), "{line}");
    Running::wait_for(&running.stdout, "\"name\":\"hello\",\"status\":\"installed\"");
}
