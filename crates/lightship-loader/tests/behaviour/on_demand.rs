//! A tool that is loaded on demand waits until somebody asks for it.

use lightship_model::event::LoaderCommand;
use lightship_model::state::ToolStatus;
use testkit::Loader;

use crate::support::{makes, sandbox, script, wait_for_status, waits_for};

const LATER: &str = "load = \"on-demand\"";

#[test]
fn it_stays_pending_and_the_loader_ends() {
    let sandbox = sandbox();
    sandbox.manifest(&script("later", LATER, &makes("later", "x")));
    let run = sandbox.run().installed_all();
    assert_eq!(run.last("later").status, ToolStatus::Pending);
    assert!(sandbox.acts("run").is_empty());
}

#[test]
fn a_running_loader_that_is_told_to_installs_it() {
    let sandbox = sandbox();
    let go = sandbox.path("go");
    let first = script("first", "", &waits_for(&go));
    sandbox.manifest(&format!("{first}{}", script("later", LATER, &makes("later", "asked"))));
    let mut loader = sandbox.start();
    wait_for_status(&mut loader, "first", ToolStatus::Installing);
    let (tool, by) = ("later".parse().unwrap(), Some("somebody\nelse".to_owned()));
    loader.send(&LoaderCommand::Promote { tool, needed_by: None, by });
    wait_for_status(&mut loader, "later", ToolStatus::Installed);
    std::fs::write(go, "").unwrap();
    let _run = loader.finish().installed_all();
    assert_eq!(sandbox.output_of("later"), "asked");
    let audit = sandbox.audit();
    let act = audit.iter().find(|act| act["act"] == "promote").unwrap();
    assert_eq!(act["by"], "somebodyelse", "who asked, in one line");
}

#[test]
fn one_that_somebody_waits_for_already_is_installed_though_nothing_else_is_to_do() {
    let sandbox = sandbox();
    sandbox.manifest(&script("later", LATER, &makes("later", "asked")));
    let mut command = sandbox.loader();
    command.args(["--promote", "later", "--promote", "of-another-manifest"]);
    let _run = Loader::start(command).finish().installed_all();
    assert_eq!(sandbox.output_of("later"), "asked");
}

#[test]
fn asking_for_it_again_when_all_is_installed_does_nothing() {
    let sandbox = sandbox();
    sandbox.manifest(&script("later", LATER, &makes("later", "asked")));
    for _ in 0..2 {
        let mut command = sandbox.loader();
        command.args(["--promote", "later"]);
        assert!(Loader::start(command).finish().exit.is_success());
    }
    assert_eq!(sandbox.acts("installed"), ["later"]);
}
