//! What a tool requires is installed before it and at hand while it is installed; among what is
//! ready, priorities decide; and several tools are installed at once.

use lightship_model::state::ToolStatus::{Installed, Installing};

use crate::support::{makes, sandbox, script, simple, waits_for};

#[test]
fn a_requirement_is_installed_before_even_if_its_priority_is_lower() {
    let sandbox = sandbox();
    let base = script("base", "priority = 9", &makes("base", "base"));
    let top = script("top", "priority = 1\nrequires = [\"base\"]", &makes("top", "top"));
    sandbox.manifest(&format!("{top}{base}"));
    let run = sandbox.run().installed_all();
    assert_eq!(run.order(Installing), ["base", "top"]);
    assert_eq!(run.order(Installed), ["base", "top"]);
}

#[test]
fn programs_of_direct_and_indirect_requirements_are_on_the_installers_path() {
    let sandbox = sandbox();
    let low = simple("low", "from-low");
    let middle = script("middle", "requires = [\"low\"]", &makes("middle", "from-middle"));
    let top = script(
        "top",
        "requires = [\"middle\"]",
        "mkdir -p \"$PREFIX/bin\"\n{ echo '#!/bin/sh'; echo echo $(low) $(middle); } \
         > \"$PREFIX/bin/top\"\nchmod +x \"$PREFIX/bin/top\"",
    );
    sandbox.manifest(&format!("{low}{middle}{top}"));
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("top"), "from-low from-middle");
}

#[test]
fn a_program_that_is_not_required_is_not_on_the_installers_path() {
    let sandbox = sandbox();
    let first = script("first", "priority = 1", &makes("first", "x"));
    let other =
        script("other", "priority = 2\nretries = 0", "if command -v first; then exit 1; fi");
    sandbox.manifest(&format!("[loader]\njobs = 1\n{first}{other}"));
    let _run = sandbox.run().installed_all();
}

#[test]
fn a_requirements_prefix_can_be_named_in_the_recipe() {
    let sandbox = sandbox();
    let base = script("base", "", "echo data > \"$PREFIX/data\"");
    let top = "[tools.top]\nrequires = [\"base\"]\n\
               script = { run = [\"cp\", \"{{tools.base.prefix}}/data\", \"{{prefix}}/copy\"] }\n";
    sandbox.manifest(&format!("{base}{top}"));
    let _run = sandbox.run().installed_all();
    assert_eq!(std::fs::read_to_string(sandbox.prefix("top").join("copy")).unwrap(), "data\n");
}

#[test]
fn among_ready_tools_the_lower_priority_goes_first() {
    let mut sandbox = sandbox();
    let tools = [("a", 30), ("b", 10), ("c", 20)];
    let text = tools.map(|(name, priority)| {
        script(name, &format!("priority = {priority}"), &makes(name, name))
    });
    sandbox.manifest(&text.concat());
    sandbox.set("LOA_TOOL_JOBS", "1");
    assert_eq!(sandbox.run().installed_all().order(Installing), ["b", "c", "a"]);
}

#[test]
fn several_tools_are_installed_at_once() {
    let mut sandbox = sandbox();
    let meets = |own: &str, other: &str| {
        let mark = format!("touch '{}'\n", sandbox.path(own).display());
        let wait = waits_for(&sandbox.path(other));
        script(own, "", &format!("{mark}{wait}{}", makes(own, own)))
    };
    // Each waits for the other: one after the other they would never end.
    sandbox.manifest(&format!("{}{}", meets("here", "there"), meets("there", "here")));
    sandbox.set("LOA_TOOL_JOBS", "2");
    // Their signs lie outside of their prefixes and stages.
    sandbox.set("LOA_CONFINE", "off");
    let _run = sandbox.run().installed_all();
}
