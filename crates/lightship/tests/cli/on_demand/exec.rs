use super::support::{Ship, tool, until};
use crate::support::{Done, Home};

const SHOWS: &str = "echo \"$0: $*\"; exit 5";

#[test]
fn without_a_lightship_the_tool_is_loaded_here_and_the_program_run() {
    let home = Home::new();
    home.write("m.toml", &tool("hello", "", "", SHOWS));
    for _ in 0..2 {
        let done = home.run(&["exec", "--manifest", "m.toml", "hello", "--version", "-x"]);
        let path = home.tool_dir().join("bin/hello").display().to_string();
        assert_eq!((done.code, done.stdout), (Some(5), format!("{path}: --version -x\n")));
        assert_eq!(done.stderr, "", "it belongs to the program");
    }
}

#[test]
fn a_lightship_that_runs_with_the_directory_is_asked_for_it() {
    let ship = Ship::up(&tool("hello", "", "", SHOWS));
    let done = ship.home.run(&["exec", "--manifest", "m.toml", "--", "hello", "a"]);
    assert_eq!(done.code, Some(5), "{done:#?}");
    ship.said("\"name\":\"hello\",\"status\":\"installed\"");
    let slow = Ship::up(&tool("slow", "", &until("never"), ""));
    let done = slow.home.run(&["exec", "--manifest", "m.toml", "--timeout", "1s", "slow"]);
    assert_eq!(done.code, Some(75), "{done:#?}");
}

#[test]
fn a_tool_can_be_named_for_a_program_that_is_not_its_own() {
    let home = Home::new();
    home.write("m.toml", &tool("hello", "", "", "echo hi"));
    let args = ["exec", "--manifest", "m.toml", "--tool", "hello", "sh", "-c", "hello"];
    assert_eq!(home.run(&args).ok(), "hi\n");
    assert_eq!(home.run(&["exec", "--manifest", "m.toml", "echo", "x"]).ok(), "x\n");
}

#[test]
fn a_program_in_a_local_directory_that_others_can_write_to_is_not_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let bin = home.local_tools().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("hello"), "#!/bin/sh\necho trap\n").unwrap();
    let mode = |path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(bin.join("hello"), 0o755);
    mode(home.path("local"), 0o777);
    home.write("m.toml", "");
    let done = home.run(&["exec", "--manifest", "m.toml", "hello"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(127), ""), "{done:#?}");
}

#[test]
fn what_can_not_be_run_is_told() {
    let home = Home::new();
    home.write("m.toml", &tool("bad", "", "echo error: broken >&2; exit 1", ""));
    let run =
        |args: &[&str]| -> Done { home.run(&[&["exec", "--manifest", "m.toml"], args].concat()) };
    let screen = run(&["no-such-program"]).refused(127);
    assert!(screen.starts_with("lightship: no-such-program: "), "{screen}");
    assert!(run(&["bad"]).refused(69).contains("broken"));
    assert!(run(&["--tool", "bda", "x"]).refused(2).contains("did you mean `bad`?"));
    home.write("plain", "text");
    run(&["./plain"]).refused(126);
}
