use std::process::Stdio;

use rustix::process::Signal;

use super::support::{Ship, tool, until};

#[test]
fn without_a_lightship_what_is_installed_runs_and_what_is_not_is_69() {
    let mut ship = Ship::up(&(tool("hello", "", "", "echo hi") + &tool("other", "", "", "true")));
    assert_eq!(ship.call("hello", &[]).ok(), "hi\n");
    ship.running.signal(Signal::TERM);
    ship.running.code();
    let direct = std::process::Command::new(ship.shim("hello")).output().unwrap();
    assert_eq!(direct.stdout, b"hi\n");
    let done = ship.call("other", &[]);
    assert_eq!(done.code, Some(69), "{done:#?}");
    assert!(done.stderr.contains("no lightship runs here"), "{}", done.stderr);
    assert!(done.stderr.contains("lightship up"), "{}", done.stderr);
}

#[test]
fn a_lightship_that_is_stopped_while_they_wait_says_so() {
    let mut ship = Ship::up(&tool("hello", "", &until("never"), "true"));
    let child = ship.command("hello").stderr(Stdio::piped()).spawn().unwrap();
    ship.said("\"name\":\"hello\",\"status\":\"installing\"");
    ship.running.signal(Signal::TERM);
    ship.running.code();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(69), "{error}");
    assert!(error.contains("lightship is stopping"), "{error}");
}

#[test]
fn a_lightship_that_is_killed_while_they_wait_is_noticed() {
    let ship = Ship::up(&tool("hello", "", &until("never"), "true"));
    let child = ship.command("hello").stderr(Stdio::piped()).spawn().unwrap();
    ship.said("\"name\":\"hello\",\"status\":\"installing\"");
    let map = std::fs::read_to_string(ship.shim(".lightship-shims")).unwrap();
    let control = map.lines().find_map(|line| line.strip_prefix("control @")).unwrap();
    let init = control.rsplit('-').next().unwrap();
    std::process::Command::new("kill").args(["-KILL", init]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(69), "{error}");
    assert!(error.contains("lightship has ended meanwhile"), "{error}");
}
