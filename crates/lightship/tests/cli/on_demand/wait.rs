use super::support::{Ship, tool, until};

#[test]
fn wait_loads_tools_and_ends_when_they_are_there() {
    let ship = Ship::up(&(tool("one", "", "", "true") + &tool("two", "", "", "true")));
    let text = ship.home.run(&["wait", "one", "two"]).ok();
    assert_eq!(text, "one: installed\ntwo: installed\n");
    let json = ship.home.run(&["wait", "one", "--format", "json"]).ok();
    assert_eq!(json, "{\"tool\":\"one\",\"status\":\"installed\"}\n");
}

#[test]
fn wait_says_no_when_one_failed_and_75_when_the_time_is_over() {
    let tools = tool("good", "", "", "true")
        + &tool("bad", "", "echo error: broken >&2; exit 1", "true")
        + &tool("slow", "", &until("never"), "true");
    let ship = Ship::up(&tools);
    let done = ship.home.run(&["wait", "bad", "good"]);
    assert_eq!(done.code, Some(1), "{done:#?}");
    assert!(done.stdout.starts_with("bad: failed: "), "{done:#?}");
    assert!(done.stdout.ends_with("good: installed\n"), "{done:#?}");
    let done = ship.home.run(&["wait", "slow", "good", "--timeout", "1s"]);
    assert_eq!(done.code, Some(75), "{done:#?}");
    assert!(done.stdout.starts_with("slow: pending: "), "{done:#?}");
    let done = ship.home.run(&["wait", "of-no-manifest"]);
    assert_eq!(done.code, Some(69), "{done:#?}");
    assert!(done.stderr.contains("no such tool"), "{done:#?}");
}

#[test]
fn without_a_lightship_there_is_nothing_to_wait_for() {
    let home = crate::support::Home::new();
    home.write("m.toml", "[health]\nlisten = \"127.0.0.1:1\"\n");
    let screen = home.run(&["wait", "x", "--manifest", "m.toml"]).refused(69);
    assert!(screen.contains("no lightship was found"), "{screen}");
}
