use std::process::{Child, Stdio};

use super::support::{Ship, tool, until};

fn call(ship: &Ship) -> Child {
    let mut command = ship.command("hello");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The process of the loader that was started last; it has begun to install.
fn loader(ship: &Ship) -> String {
    let line = ship.said("\"loader-started\"");
    ship.said("\"name\":\"hello\",\"status\":\"installing\"");
    let pid = line.split("\"pid\":").nth(1).unwrap();
    pid.trim_matches(|letter: char| !letter.is_ascii_digit()).to_owned()
}

fn kill(signal: &str, pid: &str) {
    let killed = std::process::Command::new("kill").args([signal, pid]).status().unwrap();
    assert!(killed.success());
}

#[test]
fn a_loader_that_has_ended_long_ago_is_started_again() {
    let ship = Ship::up(&(tool("hello", "", "", "echo hi") + &tool("other", "", "", "echo ho")));
    ship.loader_ended();
    assert_eq!(ship.call("hello", &[]).ok(), "hi\n");
    ship.loader_ended();
    assert_eq!(ship.call("other", &[]).ok(), "ho\n");
}

#[test]
fn a_loader_that_dies_while_they_wait_is_started_again_and_they_go_on_waiting() {
    let ship = Ship::up(&tool("hello", "", &until("go"), "echo hi"));
    ship.loader_ended();
    let children = [call(&ship), call(&ship)];
    kill("-KILL", &loader(&ship));
    let second = loader(&ship);
    assert!(!second.is_empty());
    ship.touch("go");
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "hi\n");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[test]
fn a_loader_that_gives_up_is_told_to_who_waits() {
    let ship = Ship::up(&tool("hello", "", &until("never"), "echo hi"));
    ship.loader_ended();
    let child = call(&ship);
    let first = loader(&ship);
    // Without a lock that it can open, the next one can't even begin, and says so.
    let lock = ship.home.tool_dir().join("v1/lock");
    kill("-STOP", &first);
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    kill("-KILL", &first);
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(69), "{error}");
    assert!(error.contains("the loader has given up"), "{error}");
}
