use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use lightship_model::event::What;

use crate::lightship::{BINARY, Lightship, Running, wait_until};

/// A loader that tells of its tool, and writes down what it is told until it is told to end.
const OBEDIENT: &str = "echo '{\"at\":\"2026-02-04T11:00:00Z\",\"event\":\"plan\",\"slots\":1,\
    \"dir\":\"{dir}/tools\",\"tools\":[{\"name\":\"x\",\"status\":\"failed\",\"source\":\"script\",\
    \"priority\":1}]}'
    echo start >> {dir}/told
    while read -r line; do echo \"$line\" >> {dir}/told; test -e {dir}/deaf || exit 0; done";

fn ctl(running: &mut Running, words: &[&str]) -> Output {
    let control = running.json("/health?full=true")["control"].as_str().unwrap().to_owned();
    Command::new(BINARY).arg("ctl").args(words).args(["--socket", &control]).output().unwrap()
}

fn told(running: &Running) -> Vec<String> {
    let text = fs::read_to_string(running.path("told")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn loading() -> Running {
    let mut running = Lightship::loader(OBEDIENT).start();
    running.loader_started();
    running.event(|what| matches!(what, What::Plan { .. }).then_some(()));
    running
}

#[test]
fn a_running_loader_is_told_and_a_loader_that_is_over_is_started_for_it() {
    let mut running = loading();
    let output = ctl(&mut running, &["retry", "x"]);
    assert!(output.status.success(), "{output:?}");
    let promote =
        "{\"command\":\"promote\",\"tool\":\"x\",\"by\":\"uid PID through the control socket\"}";
    // It ends with the first thing it is told, before it has begun with it: the next one hears
    // of it again. One that ends of it is not started for ever.
    let expected = [["start", promote]; 2].concat();
    wait_until("told again", || (told(&running).len() == 4).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    let told: Vec<String> = told(&running).iter().map(|line| without_numbers(line)).collect();
    assert_eq!(told, expected);
}

/// `uid 0 pid 17` as `uid PID`: whoever runs the tests.
fn without_numbers(line: &str) -> String {
    let Some((before, rest)) = line.split_once("uid ") else { return line.to_owned() };
    let (_, after) = rest.split_once(" through").unwrap();
    format!("{before}uid PID through{after}")
}

#[test]
fn a_tool_that_is_not_in_the_manifest_or_installed_already_is_refused() {
    let mut running = loading();
    let output = ctl(&mut running, &["promote", "nope"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no such tool"), "{error}");
    let installed = OBEDIENT.replace("failed", "installed");
    let mut running = Lightship::loader(&installed).start();
    running.event(|what| matches!(what, What::Plan { .. }).then_some(()));
    let output = ctl(&mut running, &["promote", "x"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("installed already"), "{error}");
}

#[test]
fn stop_ends_everything_with_the_services_code() {
    let mut running = loading();
    assert!(ctl(&mut running, &["stop"]).status.success());
    assert_eq!(running.exit(), 143);
}

#[test]
fn a_log_is_read_from_the_tool_directory() {
    let mut running = loading();
    let output = ctl(&mut running, &["log", "x"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    fs::create_dir_all(running.path("tools/v1/logs")).unwrap();
    fs::write(running.path("tools/v1/logs/x.log"), "one\ntwo\nthree\n").unwrap();
    let output = ctl(&mut running, &["log", "x", "--lines", "2"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "two\nthree\n");
}

#[test]
fn the_manifest_is_read_again_and_a_wrong_one_changes_nothing() {
    let mut running = loading();
    let manifest = running.path("lightship.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, "[capabilities]\nnew = [\"y\"]\n").unwrap();
    let output = ctl(&mut running, &["reload"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("lightship.toml:2"), "{error}");
    assert_eq!(told(&running), ["start"]);

    fs::write(&manifest, format!("{text}\n[capabilities]\nnew = [\"x\"]\n")).unwrap();
    assert!(ctl(&mut running, &["reload"]).status.success());
    running.loader_started();
    assert_eq!(running.json("/health?full=true")["capabilities"]["new"], false);
    wait_until("a new loader", || (told(&running) == ["start", "start"]).then_some(()));
}

#[test]
fn who_is_neither_root_nor_the_same_user_may_look_and_change_nothing() {
    let mut running = loading();
    let control = running.json("/health?full=true")["control"].as_str().unwrap().to_owned();
    let other = |words: &[&str]| {
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        let mut command = Command::new("setpriv");
        command.args(nobody).arg(BINARY).args(words).args(["--socket", &control]);
        command.output().unwrap()
    };
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let output = other(&["ctl", "stop"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("from root"), "{error}");
    // The verdict is no: tool x failed is degraded, so the answer is yes.
    assert!(other(&["health", "--full"]).status.success());
}
