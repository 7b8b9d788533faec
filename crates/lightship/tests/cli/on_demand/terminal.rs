use std::process::{Command, Stdio};

use super::support::{Ship, tool, until, wait_until};
use crate::support::Running;

/// The command line `shell` on a terminal of its own; what it shows is read line by line.
fn on_terminal(ship: &Ship, shell: &str) -> Command {
    let mut command = ship.command("script");
    command.args(["-qfec", shell, "/dev/null"]).env("TERM", "xterm").stdin(Stdio::piped());
    command
}

#[test]
fn on_a_terminal_who_waits_sees_what_is_going_on_and_nothing_of_it_stays() {
    let tools = tool("base", "", &until("go"), "true")
        + &tool("hello", "requires = [\"base\"]", "", "echo hi");
    let ship = Ship::up(&tools);
    let seen = ship.home.path("seen");
    let shell = "hello; echo code $?";
    let mut command = on_terminal(&ship, shell);
    let mut child = command.stdout(std::fs::File::create(&seen).unwrap()).spawn().unwrap();
    let text = || std::fs::read_to_string(&seen).unwrap();
    wait_until("progress", || text().contains("hello: waits for base: installing"));
    ship.touch("go");
    assert!(child.wait().unwrap().success());
    let text = text();
    // The last drawing is cleared, and the program's own words stand where it was.
    let (_, rest) = text.rsplit_once("\r\u{1b}[K").unwrap();
    assert_eq!(rest.replace('\r', ""), "hi\ncode 0\n", "{text:?}");
    assert!(text.contains("(0:0"), "{text:?}");
}

#[test]
fn the_keyboard_interrupts_the_waiting_with_130() {
    let ship = Ship::up(&tool("hello", "", &until("never"), "true"));
    let mut running = Running::of(on_terminal(&ship, "exec hello"));
    ship.said("\"name\":\"hello\",\"status\":\"installing\"");
    let mut keyboard = running.child.stdin.take().unwrap();
    std::io::Write::write_all(&mut keyboard, b"\x03").unwrap();
    assert_eq!(running.code(), Some(130));
}
