use super::support::{Ship, tool};

/// Installers that may tell the test things, and reach lightship.
const FREE: &str = "confine = \"off\"";

#[test]
fn installers_see_no_shims_whatever_the_search_path_was() {
    let before = "echo \"$PATH\" > {home}/path; command -v other > {home}/found || true";
    let tools = tool("hello", "", before, "true") + &tool("other", "", "", "true");
    // The service's path has the shims, and lightship may be started with them on its own.
    let ship = Ship::up_with(FREE, "sleep 1000", &tools);
    assert_eq!(ship.call("hello", &[]).code, Some(0));
    let path = std::fs::read_to_string(ship.home.path("path")).unwrap();
    assert!(!path.contains("shims") && !path.is_empty(), "{path}");
    assert_eq!(std::fs::read_to_string(ship.home.path("found")).unwrap(), "");
}

#[test]
fn an_installer_that_calls_a_shim_by_its_path_gets_the_tool_even_with_one_slot() {
    let before = "{home}/local/shims/other > {home}/said 2> {home}/errors || true";
    let tools = tool("hello", "", before, "true") + &tool("other", "", "", "echo there");
    let ship = Ship::up_with(&format!("{FREE}\njobs = 1"), "sleep 1000", &tools);
    assert_eq!(ship.call("hello", &[]).code, Some(0));
    let read = |name: &str| std::fs::read_to_string(ship.home.path(name)).unwrap_or_default();
    assert_eq!(read("said"), "there\n", "{}", read("errors"));
}

#[test]
fn an_installer_that_calls_its_own_shim_or_one_that_needs_it_fails_with_the_circle_named() {
    let before = |shim: &str| format!("{{home}}/local/shims/{shim} 2> {{home}}/errors || exit 9");
    let tools = tool("itself", "", &before("itself"), "true")
        + &tool("base", "", &before("above"), "true")
        + &tool("above", "requires = [\"base\"]", "", "true");
    let ship = Ship::up_with(FREE, "sleep 1000", &tools);
    for (name, circle) in [("itself", "itself → itself"), ("above", "base → above → base")] {
        let done = ship.call(name, &[]);
        assert_eq!(done.code, Some(69), "{done:#?}");
        let error = std::fs::read_to_string(ship.home.path("errors")).unwrap();
        assert!(error.contains(circle), "{error}");
    }
}

#[test]
fn two_installers_that_call_each_others_shims_do_not_wait_for_ever() {
    let before = |shim: &str| format!("{{home}}/local/shims/{shim} 2>> {{home}}/errors || exit 9");
    let tools = tool("one", "", &before("two"), "true") + &tool("two", "", &before("one"), "true");
    let ship = Ship::up_with(FREE, "sleep 1000", &tools);
    assert_eq!(ship.call("one", &[]).code, Some(69));
    let error = std::fs::read_to_string(ship.home.path("errors")).unwrap();
    assert!(error.contains("would wait for each other: "), "{error}");
}

#[test]
fn a_confined_installer_that_calls_a_shim_is_told_to_name_the_tool_in_requires() {
    let before = "{home}/local/shims/other";
    let tools =
        tool("hello", "", &format!("{before} || exit 9"), "true") + &tool("other", "", "", "true");
    let ship = Ship::up(&tools);
    let done = ship.call("hello", &[]);
    if done.code == Some(0) {
        println!("nothing keeps installers from the control socket here: Landlock 6 is missing");
        return;
    }
    assert_eq!(done.code, Some(69), "{done:#?}");
    let log = ship.home.run(&["tools", "log", "hello", "--manifest", "m.toml"]).ok();
    assert!(log.contains("`requires`"), "{log}");
}
