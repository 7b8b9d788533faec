//! `LOA_DEFERRED_TOOLS=false` switches loading off, and takes nothing away.

use lightship_model::state::ToolStatus;

use crate::support::{sandbox, simple};

#[test]
fn nothing_is_run_and_every_tool_is_skipped_with_the_reason() {
    let mut sandbox = sandbox();
    sandbox.manifest(&simple("tool", "x"));
    sandbox.set("LOA_DEFERRED_TOOLS", "false");
    let run = sandbox.run().ended_well();
    assert_eq!(run.last("tool").status, ToolStatus::Skipped);
    assert_eq!(run.last("tool").reason.as_deref(), Some("loading is switched off"));
    assert_eq!(sandbox.state().tools[&"tool".parse().unwrap()].status, ToolStatus::Skipped);
    assert!(sandbox.acts("run").is_empty());
    assert!(sandbox.receipts().is_empty());
}

#[test]
fn what_is_installed_already_stays_installed() {
    let mut sandbox = sandbox();
    sandbox.manifest(&simple("old", "still here"));
    let _run = sandbox.run().installed_all();
    sandbox.manifest(&format!("{}{}", simple("old", "still here"), simple("new", "x")));
    sandbox.set("LOA_DEFERRED_TOOLS", "false");
    let run = sandbox.run().ended_well();
    assert_eq!(run.last("old").status, ToolStatus::Installed);
    assert_eq!(run.last("new").status, ToolStatus::Skipped);
    assert_eq!(sandbox.output_of("old"), "still here");
}

#[test]
fn switched_on_again_the_rest_is_installed() {
    let mut sandbox = sandbox();
    sandbox.manifest(&simple("tool", "x"));
    sandbox.set("LOA_DEFERRED_TOOLS", "false");
    let _off = sandbox.run().ended_well();
    sandbox.unset("LOA_DEFERRED_TOOLS");
    let _on = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("tool"), "x");
}
