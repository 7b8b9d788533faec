//! `lightship tools`: by hand, without a service.

use std::process::Command;

use crate::support::{Home, manifest};

fn home() -> Home {
    let home = Home::new();
    let broken = "[tools.broken]\nversion = \"2\"\nretries = 0\nscript = { run = [\"sh\", \"-c\", \
                  \"echo noise; echo error: no such thing >&2; exit 3\"] }\n\
                  [tools.later]\nrequires = [\"broken\"]\nscript = { run = [\"true\"] }\n";
    home.write("m.toml", &(manifest("true") + broken));
    home
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_unknown_tool_is_answered_with_the_nearest() {
    let home = home();
    for verb in ["install", "retry", "log"] {
        let screen = home.run(&["tools", verb, "helo", "--manifest", "m.toml"]).refused(2);
        assert!(screen.contains("no tool called `helo`"), "{screen}");
        assert!(screen.contains("help: did you mean `hello`?"), "{screen}");
    }
    let screen = home.run(&["tools", "install", "zzz", "--manifest", "m.toml"]).refused(2);
    assert!(screen.contains("its tools: broken, hello, later"), "{screen}");
}

#[test]
fn the_list_says_what_the_manifest_says() {
    let home = home();
    let text = home.run(&["tools", "list", "--manifest", "m.toml"]).ok();
    let first: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(first, ["NAME", "VERSION", "SOURCE", "LOAD", "REQUIRES", "PROGRAMS"]);
    let list = json(&home.run(&["tools", "list", "--manifest", "m.toml", "--format", "json"]).ok());
    assert_eq!(list[2]["name"], "later");
    assert_eq!(list[2]["requires"], serde_json::json!(["broken"]));
    assert_eq!(list[1]["bins"], serde_json::json!(["hello"]));
}

#[test]
fn what_failed_stays_failed_while_another_tool_is_installed() {
    let home = home();
    let failed = home.run(&["tools", "install", "later", "--manifest", "m.toml"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    let other = home.run(&["tools", "install", "hello", "--manifest", "m.toml"]);
    assert_eq!(other.code, Some(0), "{other:#?}");
    let status = ["tools", "status", "--manifest", "m.toml", "--format", "json"];
    let status = json(&home.run(&status).ok());
    let of = |name: &str| {
        let find = |tool: &&serde_json::Value| tool["name"] == name;
        status.as_array().unwrap().iter().find(find).unwrap().clone()
    };
    assert_eq!(of("hello")["status"], "installed", "{status}");
    assert_eq!(of("broken")["status"], "failed", "{status}");
    assert!(of("broken")["error"].as_str().unwrap().contains("no such thing"), "{status}");
    assert_eq!(of("later")["status"], "skipped", "{status}");
}

#[test]
fn an_installed_tool_has_a_status_a_log_and_a_place_on_the_path() {
    let home = home();
    let done = home.run(&["tools", "install", "hello", "--manifest", "m.toml"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.stderr.contains("tool hello installed 1.0 in "), "{}", done.stderr);
    assert!(!done.stderr.contains("tool broken"), "{}", done.stderr);

    let status = home.run(&["tools", "status", "--check", "--manifest", "m.toml"]).ok();
    let row: Vec<&str> =
        status.lines().find(|line| line.starts_with("hello")).unwrap().split_whitespace().collect();
    assert_eq!(row[1..3], ["installed", "1.0"]);

    let log = home.run(&["tools", "log", "hello", "--manifest", "m.toml"]).ok();
    assert!(log.contains("making hello"), "{log}");

    let shell = format!("eval \"$({} tools env)\"; hello", env!("CARGO_BIN_EXE_lightship"));
    let mut command = Command::new("sh");
    command.args(["-c", &shell]).env_clear().env("PATH", "/usr/bin:/bin");
    let said = command.env("XDG_DATA_HOME", home.path("data")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "hi\n", "{said:?}");
}

#[test]
fn a_failed_tool_is_a_no_and_can_be_tried_again() {
    let home = home();
    let done = home.run(&["tools", "install", "later", "--manifest", "m.toml"]);
    assert_eq!(done.code, Some(1), "{done:#?}");
    assert!(done.stderr.contains("error: no such thing"), "{}", done.stderr);
    assert!(done.stderr.contains("log: lightship tools log broken"), "{}", done.stderr);

    let status = home.run(&["tools", "status", "--check", "--manifest", "m.toml"]);
    assert_eq!(status.code, Some(1), "{status:#?}");
    assert!(status.stdout.contains("error: no such thing"), "{}", status.stdout);

    let log = home.run(&["tools", "log", "broken", "--manifest", "m.toml"]).ok();
    assert!(log.contains("noise"), "{log}");

    let retry = home.run(&["tools", "retry", "--manifest", "m.toml", "--format", "json"]);
    assert_eq!(retry.code, Some(1), "{retry:#?}");
    assert!(retry.stdout.lines().all(|line| json(line)["event"].is_string()), "{retry:#?}");
}

#[test]
fn what_never_failed_needs_no_retry_and_has_no_log() {
    let home = home();
    assert!(home.run(&["tools", "retry", "--manifest", "m.toml"]).ok().contains("nothing to do"));
    let screen = home.run(&["tools", "log", "hello", "--manifest", "m.toml"]).refused(1);
    assert!(screen.contains("there is no log of tool `hello`"), "{screen}");
    assert!(screen.contains("lightship tools install hello"), "{screen}");
}
