//! The end of standard input is the end of the loader's parent, and so of the loader.

use lightship_model::event::What;
use testkit::process::{installers, wait_until};

use crate::support::{sandbox, script};

#[test]
fn when_standard_input_closes_the_loader_ends_and_kills_its_installers() {
    let sandbox = sandbox();
    let run = "(trap '' TERM INT HUP; while :; do sleep 1; done) &\necho started\nwait";
    sandbox.manifest(&script("endless", "", run));
    let mut loader = sandbox.start();
    loader.wait_for("sign of the installer", |event| match &event.what {
        What::Progress { progress, .. } => progress.message.as_deref().map(drop),
        _ => None,
    });
    assert!(!installers(&sandbox.dir()).is_empty());
    loader.close_stdin();
    let run = loader.finish();
    assert!(run.exit.is_success(), "{run:#?}");
    wait_until("the installers' end", || installers(&sandbox.dir()).is_empty());
    assert!(sandbox.receipts().is_empty());
}

#[test]
fn what_is_no_command_is_said_and_changes_nothing() {
    let sandbox = sandbox();
    let go = sandbox.path("go");
    sandbox.manifest(&script("tool", "", &crate::support::waits_for(&go)));
    let mut loader = sandbox.start();
    loader.send_line("promote tool please");
    let warning = loader.wait_for("warning", crate::support::warning);
    assert!(warning.contains("not a command"), "{warning}");
    std::fs::write(go, "").unwrap();
    let _run = loader.finish().installed_all();
}
