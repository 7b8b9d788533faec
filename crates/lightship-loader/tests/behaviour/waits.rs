//! A tool that waits says what for, and says so again only when that changes.

use lightship_model::event::LoaderCommand;
use lightship_model::name::ToolName;
use lightship_model::state::ToolStatus;
use lightship_model::waits::Waits;

use crate::support::{makes, sandbox, script, simple, wait_for_status, waits_for};

fn name(text: &str) -> ToolName {
    text.parse().unwrap()
}

#[test]
fn the_first_of_a_line_waits_for_a_slot_the_others_for_what_goes_first_or_is_required() {
    let sandbox = sandbox();
    let a = script("a", "priority = 1", &makes("a", "a"));
    let b = script("b", "priority = 2", &makes("b", "b"));
    let c = script("c", "priority = 3", &makes("c", "c"));
    let top = script("top", "priority = 3\nrequires = [\"c\"]", &makes("top", "top"));
    sandbox.manifest(&format!("[loader]\njobs = 1\n{a}{b}{c}{top}"));
    let run = sandbox.run().installed_all();
    assert_eq!(run.waits("a"), []);
    assert_eq!(run.waits("b"), [Waits::Slot]);
    assert_eq!(run.waits("c"), [Waits::Priority(name("b")), Waits::Slot]);
    assert_eq!(run.waits("top"), [Waits::Requires(name("c"))]);
}

#[test]
fn the_pause_before_another_attempt_is_told_as_one() {
    let mut sandbox = sandbox();
    // It leaves a sign outside of its prefix and stage.
    sandbox.set("LOA_CONFINE", "off");
    let flag = sandbox.path("flag");
    let fails_once = format!(
        "if [ ! -e '{0}' ]; then touch '{0}'; exit 1; fi\n{1}",
        flag.display(),
        makes("x", "x")
    );
    sandbox.manifest(&script("x", "retries = 1", &fails_once));
    let run = sandbox.run().installed_all();
    assert_eq!(run.waits("x"), [Waits::Pause]);
}

#[test]
fn a_promoted_tool_goes_first_and_what_waits_is_told_so() {
    let sandbox = sandbox();
    let go = sandbox.path("go");
    let first = script("first", "priority = 1", &waits_for(&go));
    let second = script("second", "priority = 2", &makes("second", "x"));
    let later = script("later", "load = \"on-demand\"", &makes("later", "x"));
    sandbox.manifest(&format!("[loader]\njobs = 1\n{first}{second}{later}"));
    let mut loader = sandbox.start();
    wait_for_status(&mut loader, "first", ToolStatus::Installing);
    loader.send(&LoaderCommand::Promote { tool: name("later"), needed_by: None, by: None });
    loader.wait_for("second after later", |event| match &event.what {
        lightship_model::event::What::Tool(change) => {
            (change.waits == Some(Waits::Priority(name("later")))).then_some(())
        }
        _ => None,
    });
    std::fs::write(go, "").unwrap();
    let run = loader.finish().installed_all();
    assert_eq!(run.waits("later"), [Waits::Demand, Waits::Slot]);
    let slot_again = [Waits::Slot, Waits::Priority(name("later")), Waits::Slot];
    assert_eq!(run.waits("second"), slot_again);
}

#[test]
fn the_state_file_does_not_keep_what_was_waited_for() {
    let sandbox = sandbox();
    let go = sandbox.path("go");
    let first = script("first", "", &waits_for(&go));
    let second = script("second", "requires = [\"first\"]", &makes("second", "x"));
    sandbox.manifest(&format!("{first}{second}{}", simple("third", "x")));
    let mut loader = sandbox.start();
    wait_for_status(&mut loader, "third", ToolStatus::Installed);
    assert_eq!(sandbox.state().tools[&name("second")].reason, None);
    std::fs::write(go, "").unwrap();
    let _run = loader.finish().installed_all();
}
