use super::support::{Ship, tool, until, wait_until};

fn slow() -> String {
    tool("hello", "", &until("go"), "echo hi")
}

#[test]
fn who_has_waited_long_enough_is_told_so_with_75_and_the_tool_goes_on_being_loaded() {
    let ship = Ship::up(&slow());
    let mut command = ship.command("hello");
    let output = command.env("LIGHTSHIP_WAIT", "1").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(75), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("lightship: hello: the tool hello is not there yet ("), "{error}");
    assert!(error.contains("LIGHTSHIP_WAIT"), "{error}");
    ship.touch("go");
    ship.said("\"name\":\"hello\",\"status\":\"installed\"");
    assert_eq!(ship.call("hello", &[]).ok(), "hi\n");
}

#[test]
fn the_limit_may_stand_in_the_manifest() {
    let ship = Ship::up_with("wait = \"1s\"", "sleep 1000", &slow());
    assert_eq!(ship.call("hello", &[]).code, Some(75));
    ship.touch("go");
    let mut command = ship.command("hello");
    assert_eq!(command.env("LIGHTSHIP_WAIT", "5m").output().unwrap().stdout, b"hi\n");
}

#[test]
fn who_does_not_want_to_wait_ends_at_once_and_the_tool_is_loaded_all_the_same() {
    let ship = Ship::up(&slow());
    let call = || {
        let mut command = ship.command("hello");
        command.env("LIGHTSHIP_NO_WAIT", "1").output().unwrap()
    };
    let output = call();
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("goes on being loaded"));
    ship.said("\"name\":\"hello\",\"status\":\"installing\"");
    ship.touch("go");
    wait_until("it is there", || call().status.success());
}

#[test]
fn a_limit_that_is_none_is_refused() {
    let ship = Ship::up(&slow());
    let mut command = ship.command("hello");
    let output = command.env("LIGHTSHIP_WAIT", "soon").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("`soon` is not a duration"));
}
