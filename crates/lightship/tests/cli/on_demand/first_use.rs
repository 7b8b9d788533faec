use std::io::Write as _;
use std::process::Stdio;

use super::support::{Ship, tool, until};

/// A program that tells of everything that it was given.
const TELLS: &str = "echo \"$0 has $#: $1|$2\"; cat; echo aside >&2; echo \"$MARK\"; exit 7";

#[test]
fn the_first_call_loads_the_tool_and_then_is_the_program() {
    let ship = Ship::up(&tool("hello", "", "", TELLS));
    let mut command = ship.command("hello");
    command.args(["a b", ""]).env("MARK", "of the caller").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"what was typed\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let path = ship.home.tool_dir().join("bin/hello");
    let expected = format!("{} has 2: a b|\nwhat was typed\nof the caller\n", path.display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "aside\n", "nothing of ours");
    assert_eq!(output.status.code(), Some(7));
    // It is noted who asked.
    let trail = std::fs::read_to_string(ship.home.tool_dir().join("audit.jsonl")).unwrap();
    let act = trail.lines().find(|line| line.contains("\"act\":\"promote\"")).unwrap();
    let by = format!("uid {} pid ", rustix::process::geteuid().as_raw());
    assert!(act.contains(&by) && act.contains("through the control socket, to run it"), "{act}");
}

#[test]
fn the_process_stays_the_same_and_a_signal_that_ends_it_is_seen() {
    let ship = Ship::up(&tool("hello", "", "", "kill -USR1 $$"));
    let output = ship.command("sh").args(["-c", "hello; echo $?"]).output().unwrap();
    // 128 + SIGUSR1
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "138\n");
    let ship = Ship::up(&tool("hello", "", "", "echo $$"));
    let child = ship.command("hello").stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{pid}\n"));
}

#[test]
fn what_it_requires_comes_first_and_both_go_before_everything_else() {
    let tools = tool("base", "", "", "echo base")
        + &tool("hello", "requires = [\"base\"]", "", "base")
        + &tool("first", "load = \"deferred\"", &until("go"), "true").replacen(
            "load = \"on-demand\"\n",
            "",
            1,
        )
        + &tool("second", "load = \"deferred\"\npriority = 1", &until("go"), "true").replacen(
            "load = \"on-demand\"\n",
            "",
            1,
        );
    let ship = Ship::up_with("jobs = 1", "sleep 1000", &tools);
    // The one slot is taken, and another tool stands in line for it.
    ship.said("\"name\":\"second\",\"status\":\"installing\"");
    let child = ship.command("hello").stdout(Stdio::piped()).spawn().unwrap();
    ship.said("\"name\":\"base\",\"status\":\"pending\"");
    ship.touch("go");
    for name in ["base", "hello", "first"] {
        ship.said(&format!("\"name\":\"{name}\",\"status\":\"installing\""));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "base\n");
}

#[test]
fn an_installed_program_is_found_without_a_shim_and_a_program_of_the_machine_is_not_hidden() {
    let service = "while ! [ -e go ]; do sleep 0.02; done; echo \"$PATH\" > path; \
                   command -v hello > found; command -v cat >> found; sleep 1000";
    let tools = tool("hello", "", "", "echo hi") + &tool("cat", "", "", "echo miaow");
    let ship = Ship::up_with("", service, &tools);
    assert_eq!(ship.call("hello", &[]).ok(), "hi\n");
    ship.touch("go");
    let found = ship.home.path("found");
    super::support::wait_until("the service has looked", || {
        std::fs::read_to_string(&found).is_ok_and(|text| text.lines().count() == 2)
    });
    let text = std::fs::read_to_string(found).unwrap();
    let hello = ship.home.tool_dir().join("bin/hello").display().to_string();
    assert_eq!(text.lines().next(), Some(hello.as_str()));
    assert!(text.lines().nth(1).unwrap().ends_with("bin/cat"), "{text}");
    assert!(!text.contains("shims"), "{text}");
    let path = std::fs::read_to_string(ship.home.path("path")).unwrap();
    assert!(path.trim_end().ends_with("/local/shims"), "{path}");
}

#[test]
fn a_service_that_needs_a_tool_to_start_is_not_kept_waiting_for_its_own_readiness() {
    let service = "hello > said; touch ready; sleep 1000";
    let home = "ready = { exec = [\"test\", \"-e\", \"ready\"] }\nready_timeout = \"50s\"\n";
    let tools = tool("hello", "", "", "echo hi");
    let text = format!("true\n''']\n{home}#").replace("true\n", service);
    // The loader starts when the service is ready, or now that somebody waits.
    let ship = Ship::up_with("", &(text + "'''"), &tools);
    ship.said("\"service-ready\"");
    assert_eq!(std::fs::read_to_string(ship.home.path("said")).unwrap(), "hi\n");
}
