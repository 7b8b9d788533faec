//! The main job on real input: `lightship up` on the built-in quickstart, from the registries,
//! on a machine that seems to have nothing but Rust and Python; then every command of the
//! README, then a second start. And tools of every kind in a chroot that has neither Python nor
//! a compiler nor make. `./test` runs these last and alone: they take minutes.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "minutes pass: CI's log shows what is going on")]

mod chroot;
mod machine;
mod readme;
mod running;

use lightship_model::event::What;
use lightship_model::state::{InstalledAt, ToolStatus};

use self::machine::Machine;
use self::running::Running;

/// Programs that quickstart brings: hidden, so that each source has to do its work.
const HIDDEN: [&str; 8] =
    ["uv", "node", "npm", "npx", "sd", "sqlite-utils", "prettier", "pygmentize"];

#[test]
fn quickstart_loads_real_tools_of_every_source_while_the_service_runs() {
    let machine = Machine::without(&HIDDEN);

    let mut first = Running::start_from_the_readme(&machine);
    let events = first.until(|what| matches!(what, What::LoadComplete { .. }));
    let position = |wanted: &dyn Fn(&What) -> bool| {
        events.iter().position(|event| wanted(&event.what)).expect("the event is missing")
    };
    let listening = position(&|what| matches!(what, What::HealthListening { .. }));
    let ready = position(&|what| matches!(what, What::ServiceReady { .. }));
    let first_tool = position(
        &|what| matches!(what, What::Tool(change) if change.status == ToolStatus::Installing),
    );
    assert!(listening < ready && ready < first_tool, "{listening} {ready} {first_tool}");
    assert!(first.answered_before_the_first_tool, "health did not answer in time");

    let installed: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::Tool(change) if change.status == ToolStatus::Installed => Some(change),
            _ => None,
        })
        .collect();
    let planned = machine.tools();
    assert_eq!(installed.len(), planned.len(), "{installed:#?}");
    for change in installed.iter().filter(|change| change.name.as_str() != "rich") {
        assert_ne!(change.installed_at, Some(InstalledAt::PreExisting), "{change:?}");
    }
    for program in HIDDEN {
        machine.runs(program);
    }

    readme::every_console_command_works(&machine);

    first.stop();
    let acts_before = machine.audit().len();

    let mut second = Running::start(&machine);
    second.until(|what| matches!(what, What::LoadComplete { .. }));
    second.stop();
    let acts = machine.audit();
    let new: Vec<&str> = acts[acts_before..].iter().map(String::as_str).collect();
    assert_eq!(new, ["start", "complete"], "the second start did more than look");
}
