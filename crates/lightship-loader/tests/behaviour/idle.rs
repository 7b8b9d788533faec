//! Once everything is loaded, what was not looked at for long is read again, file by file.

use std::fs;
use std::path::PathBuf;

use lightship_model::event::{LoaderCommand, What};
use lightship_model::state::ToolStatus;
use testkit::{Loader, Run, Sandbox};

use crate::support::{makes, sandbox, script, simple, wait_for_status, warning};

/// The loader, with looks that are due when they are older than `age`.
fn start(sandbox: &Sandbox, age: &str) -> Loader {
    let mut command = sandbox.loader();
    command.env("LOA_DEEP_VERIFY", age);
    Loader::start(command)
}

fn run(sandbox: &Sandbox, age: &str) -> Run {
    start(sandbox, age).finish().installed_all()
}

fn note(sandbox: &Sandbox, tool: &str) -> PathBuf {
    let prefix = sandbox.prefix(tool);
    let slug = prefix.file_name().unwrap().to_str().unwrap();
    sandbox.dir().join(format!("v1/receipts/{slug}.verified"))
}

/// Changes a byte of the tool's program and neither its size nor its mode.
fn damage(sandbox: &Sandbox, tool: &str) {
    let path = sandbox.prefix(tool).join("bin").join(tool);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("right", "wrong")).unwrap();
}

/// The tools of the deep looks, by their result.
fn looks(sandbox: &Sandbox, result: &str) -> Vec<String> {
    let audit = sandbox.audit();
    let looks = audit.iter().filter(|act| act["act"] == "verify" && act["deep"] == true);
    let tools = looks.flat_map(|act| act[result].as_array().unwrap().clone());
    tools.map(|tool| tool.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_damaged_tool_is_found_told_and_installed_again() {
    let sandbox = sandbox();
    sandbox.manifest(&format!("{}{}", simple("one", "right"), simple("two", "right")));
    let _run = run(&sandbox, "7d");
    damage(&sandbox, "one");
    let second = run(&sandbox, "1ms");
    let warnings = second.warnings();
    assert!(warnings.iter().any(|text| text.contains("one is damaged")), "{warnings:?}");
    assert_eq!(sandbox.output_of("one"), "right");
    assert_eq!(looks(&sandbox, "damaged"), ["one"]);
    assert!(looks(&sandbox, "good").contains(&"two".to_owned()));
    assert!(note(&sandbox, "two").exists());
    // The two of the first run end in any order.
    let installed = sandbox.acts("installed");
    assert_eq!(installed.iter().filter(|tool| *tool == "one").count(), 2);
    assert_eq!(installed.last().unwrap(), "one");
    assert_eq!(installed.len(), 3);
    // What was good is not due again for a while.
    let before = looks(&sandbox, "good").len();
    let third = run(&sandbox, "1h");
    assert!(third.warnings().is_empty());
    assert_eq!(looks(&sandbox, "good").len(), before);
}

#[test]
fn nothing_is_read_when_it_is_switched_off_or_not_due() {
    let sandbox = sandbox();
    sandbox.manifest(&simple("one", "right"));
    let _run = run(&sandbox, "7d");
    damage(&sandbox, "one");
    for age in ["off", "7d"] {
        let _run = run(&sandbox, age);
        assert_eq!(sandbox.output_of("one"), "wrong", "{age}");
        assert!(!note(&sandbox, "one").exists(), "{age}");
    }
}

#[test]
fn one_that_is_loaded_on_demand_is_installed_again_too() {
    let sandbox = sandbox();
    sandbox.manifest(&script("later", "load = \"on-demand\"", &makes("later", "right")));
    let mut command = sandbox.loader();
    command.args(["--promote", "later"]);
    let _run = Loader::start(command).finish().installed_all();
    damage(&sandbox, "later");
    let _run = run(&sandbox, "1ms");
    assert_eq!(sandbox.output_of("later"), "right");
}

#[test]
fn a_tool_that_can_not_be_installed_again_has_failed_with_the_reason() {
    let sandbox = sandbox();
    let go = sandbox.path("go");
    fs::write(&go, "").unwrap();
    let needs = format!("[ -e '{}' ]\n{}", go.display(), makes("one", "right"));
    sandbox.manifest(&script("one", "retries = 0", &needs));
    let _run = run(&sandbox, "7d");
    damage(&sandbox, "one");
    fs::remove_file(go).unwrap();
    let second = start(&sandbox, "1ms").finish();
    let last = second.last("one");
    assert_eq!(last.status, ToolStatus::Failed);
    assert!(last.error.is_some());
}

#[test]
fn somebody_who_wants_a_tool_ends_the_look_and_gets_it() {
    let sandbox = sandbox();
    // Large enough to be read for longer than a command takes.
    let large = format!("{}head -c 1500000000 /dev/zero > \"$PREFIX/large\"\n", makes("one", "x"));
    let later = script("later", "load = \"on-demand\"", &makes("later", "asked"));
    sandbox.manifest(&format!("{}{later}", script("one", "", &large)));
    let _run = run(&sandbox, "7d");
    let mut loader = start(&sandbox, "1ms");
    loader.wait_for("end of the loading", |event| match &event.what {
        What::LoadComplete { .. } => Some(()),
        _ => None,
    });
    let (tool, by) = ("later".parse().unwrap(), Some("a test".to_owned()));
    loader.send(&LoaderCommand::Promote { tool, needed_by: None, by });
    wait_for_status(&mut loader, "later", ToolStatus::Installed);
    assert!(looks(&sandbox, "good").is_empty(), "it was installed before the other was read");
    let audit = sandbox.audit();
    let asked: Vec<_> = audit.iter().filter(|act| act["act"] == "promote").collect();
    assert_eq!((asked.len(), &asked[0]["by"]), (1, &"a test".into()));
    // With the end of standard input there is no look either.
    loader.close_stdin();
    assert!(loader.finish().exit.is_success());
    assert!(looks(&sandbox, "good").iter().all(|tool| tool != "one"));
}

#[test]
fn another_loader_at_work_is_left_alone() {
    let sandbox = sandbox();
    sandbox.manifest(&simple("one", "right"));
    let _run = run(&sandbox, "7d");
    damage(&sandbox, "one");
    let lock = fs::File::open(sandbox.dir().join("v1/lock")).unwrap();
    lock.lock().unwrap();
    let mut loader = start(&sandbox, "1ms");
    let told = loader.wait_for("warning", warning);
    assert!(told.contains("another loader"), "{told}");
    assert!(loader.finish().exit.is_success());
    assert_eq!(sandbox.output_of("one"), "wrong", "its receipt stands");
    drop(lock);
    let _run = run(&sandbox, "1ms");
    assert_eq!(sandbox.output_of("one"), "right");
}
