//! A second start finds everything, changes nothing and runs nothing.

use std::fs;

use testkit::{Registry, Sandbox, Wheel};

use crate::support::{sandbox, simple};

/// A sandbox with a tool of a script and one of pip, whose start needs to know the Python.
fn loaded(registry: &Registry) -> Sandbox {
    let sandbox = sandbox();
    registry.put_wheel(Wheel { name: "tinylib", module: "WORD = 'x'\n", program: None });
    let pip = "[tools.tinylib]\npip = { package = \"tinylib\" }\n";
    sandbox.manifest(&format!("{}{pip}{}", registry.manifest(), simple("hello", "hi")));
    let _run = sandbox.run().installed_all();
    sandbox
}

#[test]
fn a_second_start_leaves_the_state_file_byte_for_byte() {
    let registry = Registry::start();
    let sandbox = loaded(&registry);
    let before = sandbox.state_text();
    let tree = sandbox.installed_tree();
    let second = sandbox.run().installed_all();
    assert_eq!(sandbox.state_text(), before, "startedAt and completedAt are kept, too");
    assert_eq!(sandbox.installed_tree(), tree);
    assert!(second.warnings().is_empty());
    assert_eq!(second.last("hello").version.as_deref(), Some("latest"));
}

#[test]
fn a_second_start_runs_no_child_process() {
    let registry = Registry::start();
    let sandbox = loaded(&registry);
    let acts = sandbox.audit().len();
    let trace = sandbox.path("trace");
    let Some(strace) = sandbox.which("strace") else {
        eprintln!("there is no strace here: only the audit trail is looked at");
        let _run = sandbox.run().installed_all();
        return assert_eq!(sandbox.audit().len(), acts + 2);
    };
    let plain = sandbox.loader();
    let mut command = sandbox.command(strace);
    command.args(["-f", "-e", "trace=process", "-o"]).arg(&trace);
    command.arg(plain.get_program()).args(plain.get_args());
    let _run = testkit::Loader::start(command).finish().installed_all();
    let trace = fs::read_to_string(trace).unwrap();
    let began: Vec<&str> = trace
        .lines()
        .filter(|line| {
            let fork = ["fork(", "clone(", "clone3("].iter().any(|call| line.contains(call));
            line.contains("execve(") || fork && !line.contains("CLONE_THREAD")
        })
        .collect();
    assert_eq!(began.len(), 1, "the loader itself and nothing else: {began:#?}");
    let audit = sandbox.audit();
    let kinds: Vec<&str> = audit[acts..].iter().filter_map(|act| act["act"].as_str()).collect();
    assert_eq!(kinds, ["start", "complete"]);
}

#[test]
fn a_new_tool_is_installed_beside_the_old_ones_which_stay_untouched() {
    let registry = Registry::start();
    let sandbox = loaded(&registry);
    let (_, before) = sandbox.receipts().remove("hello").unwrap();
    let text = fs::read_to_string(sandbox.path("lightship.toml")).unwrap();
    sandbox.manifest(&format!("{text}{}", simple("more", "more")));
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.receipts()["hello"].1, before);
    assert_eq!(sandbox.output_of("more"), "more");
    let mut installed = sandbox.acts("install");
    installed.sort();
    assert_eq!(installed, ["hello", "more", "tinylib"]);
}

#[test]
fn a_tool_that_the_manifest_no_longer_has_is_no_longer_published() {
    let sandbox = sandbox();
    sandbox.manifest(&format!("{}{}", simple("old", "old"), simple("kept", "kept")));
    let _run = sandbox.run().installed_all();
    sandbox.manifest(&simple("kept", "kept"));
    let _run = sandbox.run().installed_all();
    assert_eq!(crate::support::names(&sandbox.dir().join("bin")), ["kept"]);
    assert!(!sandbox.state_text().contains("old"));
}

#[test]
fn a_changed_recipe_is_installed_anew() {
    let sandbox = sandbox();
    sandbox.manifest(&simple("tool", "one"));
    let _run = sandbox.run().installed_all();
    sandbox.manifest(&simple("tool", "two"));
    let run = sandbox.run().installed_all();
    let reason = run.changes().next().unwrap().reason.clone().unwrap();
    assert!(reason.contains("has changed"), "{reason}");
    assert_eq!(sandbox.output_of("tool"), "two");
}
