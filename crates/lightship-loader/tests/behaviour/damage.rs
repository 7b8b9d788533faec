//! Files that were lost, cut or spoilt: everything that is not proven is made anew.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use testkit::{Loader, Sandbox, output};

use crate::support::{names, sandbox, simple};

/// A way to damage a program.
type Spoil = fn(&Path);

fn loaded() -> Sandbox {
    let sandbox = sandbox();
    sandbox.manifest(&format!("{}{}", simple("one", "1"), simple("two", "2")));
    let _run = sandbox.run().installed_all();
    sandbox
}

/// Spoils the state file, and asserts that it is made anew without any installer.
fn state_is_rebuilt_after(spoil: impl FnOnce(&str) -> String) {
    let sandbox = loaded();
    let path = sandbox.dir().join("loader-state.json");
    let before = sandbox.state();
    let bad = spoil(&sandbox.state_text());
    fs::write(&path, &bad).unwrap();
    let run = sandbox.run().installed_all();
    let rebuilt = sandbox.state();
    assert_eq!(rebuilt.tools, before.tools);
    let first = sandbox.receipts().values().map(|(_, receipt)| receipt.started_at).min();
    assert_eq!(Some(rebuilt.started_at), first);
    let aside: Vec<String> =
        names(&sandbox.dir()).into_iter().filter(|name| name.contains(".corrupt-")).collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(fs::read_to_string(sandbox.dir().join(&aside[0])).unwrap(), bad);
    assert!(run.warnings().iter().any(|warning| warning.contains(&aside[0])), "{run:#?}");
    assert_eq!(sandbox.acts("install").len(), 2, "nothing is installed again");
    // The next start has nothing to complain of.
    assert!(sandbox.run().installed_all().warnings().is_empty());
}

#[test]
fn an_empty_state_file_is_rebuilt_and_kept() {
    state_is_rebuilt_after(|_| String::new());
}

#[test]
fn half_a_state_file_is_rebuilt_and_kept() {
    state_is_rebuilt_after(|text| text[..text.len() / 2].to_owned());
}

#[test]
fn a_state_file_with_wrong_types_is_rebuilt_and_kept() {
    state_is_rebuilt_after(|_| "{\"startedAt\": 17, \"tools\": []}".to_owned());
}

#[test]
fn a_state_file_that_is_gone_is_rebuilt_without_a_word() {
    let sandbox = loaded();
    let before = sandbox.state();
    fs::remove_file(sandbox.dir().join("loader-state.json")).unwrap();
    assert!(sandbox.run().installed_all().warnings().is_empty());
    assert_eq!(sandbox.state().tools, before.tools);
}

#[test]
fn a_spoilt_receipt_is_set_aside_and_its_tool_installed_again() {
    for bad in ["", "{\"layout\":", "[]"] {
        let sandbox = loaded();
        let (path, _) = &sandbox.receipts()["one"];
        fs::write(path, bad).unwrap();
        let run = sandbox.run().installed_all();
        assert!(run.warnings().iter().any(|text| text.contains("receipt")), "{run:#?}");
        assert_eq!(sandbox.acts("install").iter().filter(|tool| *tool == "one").count(), 2);
        assert_eq!(sandbox.acts("install").iter().filter(|tool| *tool == "two").count(), 1);
        let receipts = names(&sandbox.dir().join("v1/receipts"));
        assert!(receipts.iter().any(|name| name.contains(".corrupt-")), "{receipts:?}");
        assert_eq!(sandbox.output_of("one"), "1");
    }
}

#[test]
fn a_receipt_under_another_tools_name_proves_nothing() {
    let sandbox = loaded();
    let receipts = sandbox.receipts();
    fs::copy(&receipts["two"].0, &receipts["one"].0).unwrap();
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("one"), "1");
    assert_eq!(sandbox.receipts()["one"].1.name.as_str(), "one");
}

#[test]
fn a_program_that_was_deleted_changed_or_made_unexecutable_is_installed_again() {
    let spoils: [(&str, Spoil); 3] = [
        ("is gone", |path| fs::remove_file(path).unwrap()),
        ("was changed", |path| fs::write(path, "#!/bin/sh\necho something else\n").unwrap()),
        ("can't be executed", |path| {
            fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        }),
    ];
    for (reason, spoil) in spoils {
        let sandbox = loaded();
        spoil(&sandbox.prefix("one").join("bin/one"));
        let run = sandbox.run().installed_all();
        let told = run.changes().next().unwrap().reason.clone().unwrap();
        assert!(told.contains(reason), "{told}");
        assert_eq!(sandbox.output_of("one"), "1");
        assert_eq!(sandbox.acts("install").len(), 3);
    }
}

#[test]
fn what_has_no_receipt_and_what_lies_in_the_stage_is_removed() {
    let sandbox = loaded();
    let before = sandbox.installed_tree();
    let v1 = sandbox.dir().join("v1");
    fs::create_dir_all(v1.join("store/ghost-1.0-0123456789ab/bin")).unwrap();
    fs::write(v1.join("store/ghost-1.0-0123456789ab/bin/ghost"), "#!/bin/sh\n").unwrap();
    fs::create_dir_all(v1.join("stage/old/home")).unwrap();
    fs::write(v1.join("stage/file"), "x").unwrap();
    // The tool `one` has to be made anew, or nobody takes the lock and nothing is swept.
    fs::remove_file(sandbox.prefix("one").join("bin/one")).unwrap();
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.installed_tree(), before);
    let audit = sandbox.audit();
    let sweep = audit.iter().find(|act| act["act"] == "sweep").unwrap();
    assert_eq!(sweep["prefixes"][0], "ghost-1.0-0123456789ab");
}

#[test]
fn links_that_were_lost_or_bent_are_mended_without_an_installer() {
    let sandbox = loaded();
    let before = sandbox.installed_tree();
    let bin = sandbox.dir().join("bin");
    fs::remove_file(bin.join("one")).unwrap();
    fs::remove_file(bin.join("two")).unwrap();
    symlink("/nonexistent", bin.join("two")).unwrap();
    symlink("/nonexistent", bin.join("three")).unwrap();
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.installed_tree(), before);
    assert_eq!(sandbox.acts("install").len(), 2);
}

#[test]
fn a_tool_directory_that_can_not_be_one_is_said_and_tools_go_to_the_local_one() {
    let sandbox = sandbox();
    sandbox.manifest(&simple("one", "1"));
    fs::write(sandbox.dir(), "a file").unwrap();
    let run = sandbox.run().installed_all();
    assert!(run.warnings()[0].contains("can't be used"), "{run:#?}");
    assert_eq!(output(&mut sandbox.service("one")), "1");
    assert!(sandbox.local_tools().join("bin/one").exists());
    assert!(sandbox.local_tools().join("loader-state.json").exists());
    assert_eq!(fs::read_to_string(sandbox.dir()).unwrap(), "a file");
}

#[test]
fn two_tool_directories_of_one_local_directory_leave_each_other_alone() {
    let sandbox = sandbox();
    let load = |name: &str| {
        let dir = sandbox.path(&format!("dir-{name}"));
        fs::write(&dir, "a file").unwrap();
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_lightship-loader"));
        sandbox.manifest(&simple(name, name));
        command.args(["run", "--manifest"]).arg(sandbox.path("lightship.toml"));
        command.arg("--tool-dir").arg(&dir);
        let _run = Loader::start(command).finish().installed_all();
        dir
    };
    let dirs = ["one", "two", "three"].map(|name| (name, load(name)));
    for (name, dir) in &dirs {
        let bin = sandbox.local_tools_of(dir).join("bin");
        assert_eq!(names(&bin), [*name]);
        assert_eq!(output(&mut sandbox.command(bin.join(name))), *name);
    }
}

#[test]
fn a_bad_manifest_is_said_and_ends_with_its_code() {
    let sandbox = sandbox();
    sandbox.manifest("[tools.x]\n");
    let run = sandbox.run();
    assert_eq!(run.exit.code(), lightship_model::exit::INPUT);
    assert!(run.warnings()[0].contains("lightship.toml:1:"), "{run:#?}");
}
