use std::net::TcpListener;
use std::process::Command;

use crate::lightship::BINARY;

#[test]
fn a_port_in_use_is_told_and_nothing_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(BINARY)
        .args(["--listen", &address, "--", "echo", "started"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    for part in [&address, "in use", "help: ", "--listen", "LOA_LISTEN"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn an_address_that_can_t_be_understood_is_wrong_input() {
    let output =
        Command::new(BINARY).args(["--listen", "somewhere:1", "--", "true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("`somewhere:1`") && text.contains("help: "), "{text}");
}

#[test]
fn help_and_version_are_answers() {
    for (option, part) in [("--help", "exit codes:"), ("--version", "lightship-init ")] {
        let output = Command::new(BINARY).arg(option).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(part));
    }
    let output = Command::new(BINARY).arg("--nope").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
