//! `lightship tools verify`, `repair` and `gc` on real damage.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::Home;

/// A home with two installed tools, `one` with a file that no start looks at.
fn home() -> Home {
    let home = Home::new();
    home.write("m.toml", &format!("{}{}", tool("one"), tool("two")));
    home.run(&["tools", "install", "one", "two", "--manifest", "m.toml"]).ok();
    home
}

fn tool(name: &str) -> String {
    let run = format!(
        "mkdir -p \"$PREFIX/bin\" \"$PREFIX/lib\"; echo data >\"$PREFIX/lib/data\"; \
         printf \"#!/bin/sh\\necho {name}\\n\" >\"$PREFIX/bin/{name}\"; chmod +x \
         \"$PREFIX/bin/{name}\""
    );
    format!(
        "[tools.{name}]\nversion = \"1.0\"\nbins = [\"{name}\"]\nscript = {{ run = [\"sh\", \
         \"-ec\", '''{run}'''] }}\n"
    )
}

trait Care {
    fn json(&self, code: i32, args: &[&str]) -> Value;
    fn prefix(&self, name: &str) -> PathBuf;
    fn works(&self, name: &str) -> bool;
}

impl Care for Home {
    /// The answer of `lightship tools …`, which ends with `code`.
    #[track_caller]
    fn json(&self, code: i32, args: &[&str]) -> Value {
        let args = [&["tools"], args, &["--manifest", "m.toml", "--format", "json"]].concat();
        let done = self.run(&args);
        assert_eq!(done.code, Some(code), "{done:#?}");
        serde_json::from_str(&done.stdout).unwrap()
    }

    fn prefix(&self, name: &str) -> PathBuf {
        let store = fs::read_dir(self.tool_dir().join("v1/store")).unwrap();
        let mut paths = store.map(|entry| entry.unwrap().path());
        let is = |path: &PathBuf| {
            path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}-"))
        };
        paths.find(is).unwrap()
    }

    fn works(&self, name: &str) -> bool {
        let output = std::process::Command::new(self.tool_dir().join("bin").join(name)).output();
        output.is_ok_and(|output| output.stdout == format!("{name}\n").into_bytes())
    }
}

/// The tool's part of an answer.
fn of<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap()
}

#[test]
fn what_was_just_installed_holds_in_every_file() {
    let home = home();
    let answer = home.json(0, &["verify", "--deep"]);
    assert_eq!(of(&answer, "one")["status"], "good");
    assert_eq!(of(&answer, "one")["files"], 2);
    let text = home.run(&["tools", "verify", "--manifest", "m.toml"]).ok();
    assert!(text.starts_with("NAME"), "{text}");
}

#[test]
fn a_byte_that_was_flipped_deep_in_a_prefix_is_found_and_repaired() {
    let home = home();
    let data = home.prefix("one").join("lib/data");
    fs::write(&data, "dbta\n").unwrap();
    // As at a start: nothing that a start looks at has changed.
    assert_eq!(of(&home.json(0, &["verify"]), "one")["status"], "good");
    let answer = home.json(1, &["verify", "--deep"]);
    assert_eq!(of(&answer, "one")["status"], "damaged");
    assert_eq!(of(&answer, "one")["changed"], json!(["lib/data"]));
    assert_eq!(of(&answer, "two")["status"], "good");
    // It is not what was asked for.
    home.json(0, &["verify", "--deep", "two"]);
    let repaired = home.json(0, &["repair", "--deep"]);
    assert_eq!(repaired["repaired"], json!(["one"]));
    assert_eq!(fs::read_to_string(data).unwrap(), "data\n");
    home.json(0, &["verify", "--deep"]);
    assert!(home.works("one") && home.works("two"));
}

#[test]
fn lost_and_added_files_and_a_changed_list_are_found() {
    let home = home();
    fs::remove_file(home.prefix("one").join("lib/data")).unwrap();
    fs::write(home.prefix("one").join("bin/new"), "").unwrap();
    let receipts = home.tool_dir().join("v1/receipts");
    let slug = home.prefix("two").file_name().unwrap().to_str().unwrap().to_owned();
    fs::write(receipts.join(format!("{slug}.files")), "").unwrap();
    let answer = home.json(1, &["verify", "--deep"]);
    assert_eq!(of(&answer, "one")["lost"], json!(["lib/data"]));
    assert_eq!(of(&answer, "one")["added"], json!(["bin/new"]));
    assert!(of(&answer, "two")["reason"].as_str().unwrap().contains("list of its files"));
    let text = home.run(&["tools", "repair", "--deep", "--manifest", "m.toml"]);
    assert_eq!(text.code, Some(0), "{text:#?}");
    home.json(0, &["verify", "--deep"]);
}

#[test]
fn a_tool_that_is_not_there_is_absent_and_asked_for_by_name_that_is_a_no() {
    let home = home();
    home.write("m.toml", &format!("{}{}{}", tool("one"), tool("two"), tool("three")));
    assert_eq!(of(&home.json(0, &["verify"]), "three")["status"], "absent");
    home.json(1, &["verify", "three"]);
    // And it is nothing to repair.
    assert_eq!(home.json(0, &["repair"])["damaged"], json!([]));
    assert!(!home.tool_dir().join("bin/three").exists());
}

#[test]
fn repair_makes_links_and_state_anew_and_sets_spoilt_receipts_aside() {
    let home = home();
    let dir = home.tool_dir();
    fs::remove_file(dir.join("bin/one")).unwrap();
    symlink("/nonexistent", dir.join("bin/ghost")).unwrap();
    fs::write(dir.join("loader-state.json"), "rubbish").unwrap();
    let slug = home.prefix("two").file_name().unwrap().to_str().unwrap().to_owned();
    fs::write(dir.join(format!("v1/receipts/{slug}.json")), "{}").unwrap();
    fs::create_dir_all(dir.join("v1/store/left-1-0123456789ab")).unwrap();
    assert_eq!(of(&home.json(1, &["verify"]), "two")["reason"], "its receipt can't be read");
    let answer = home.json(0, &["repair"]);
    assert_eq!(answer["repaired"], json!(["two"]), "{answer}");
    assert_eq!(answer["setAside"].as_array().unwrap().len(), 1);
    assert_eq!(answer["swept"], json!(["left-1-0123456789ab"]));
    assert!(home.works("one") && home.works("two"));
    assert!(!dir.join("bin/ghost").is_symlink());
    let state: Value =
        serde_json::from_slice(&fs::read(dir.join("loader-state.json")).unwrap()).unwrap();
    assert_eq!(state["tools"]["two"]["status"], "installed");
    home.run(&["audit", "verify", "--manifest", "m.toml"]).ok();
}

#[test]
fn a_repair_that_can_not_be_says_so() {
    let home = Home::new();
    let once = "[tools.once]\nretries = 0\nbins = [\"once\"]\nscript = { run = [\"sh\", \"-ec\", \
                '''test ! -e DIR/done; mkdir -p \"$PREFIX/bin\"; printf \"#!/bin/sh\\n\" \
                >\"$PREFIX/bin/once\"; chmod +x \"$PREFIX/bin/once\"'''] }\n";
    let text = once.replace("DIR", &home.path("").display().to_string());
    home.write("m.toml", &text);
    home.run(&["tools", "install", "once", "--manifest", "m.toml"]).ok();
    home.write("done", "");
    fs::write(home.prefix("once").join("bin/once"), "").unwrap();
    let answer = home.json(1, &["repair"]);
    assert_eq!((&answer["failed"], &answer["ok"]), (&json!(["once"]), &json!(false)));
}

#[test]
fn a_retired_tool_goes_when_its_time_is_over_and_not_before() {
    let home = home();
    home.write("m.toml", &tool("one"));
    // The next start sees that nobody wants it.
    home.run(&["tools", "install", "one", "--manifest", "m.toml"]).ok();
    assert!(!home.tool_dir().join("bin/two").is_symlink());
    let prefix = home.prefix("two");
    let answer = home.json(0, &["gc"]);
    assert_eq!(answer["removed"], json!([]), "{answer}");
    assert!(answer["kept"][0]["prefix"].as_str().unwrap().starts_with("two-1.0-"));
    let answer = home.json(0, &["gc", "--keep", "0s", "--dry-run"]);
    assert_eq!(answer["removed"][0]["kind"], "retired");
    assert!(prefix.exists());
    let answer = home.json(0, &["gc", "--keep", "0s"]);
    assert!(answer["bytes"].as_u64().unwrap() > 0);
    assert!(!prefix.exists());
    let left = fs::read_dir(home.tool_dir().join("v1/receipts")).unwrap();
    let left: Vec<String> =
        left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| name.starts_with("one-")) && left.len() == 2, "{left:?}");
    assert!(home.works("one"));
    let acts = home.run(&["audit", "show", "--tool", "two", "--manifest", "m.toml"]).ok();
    assert!(acts.contains("retire "), "{acts}");
    home.json(0, &["verify", "--deep"]);
    assert_eq!(home.json(0, &["gc", "--keep", "0s"])["removed"], json!([]));
}

#[test]
fn a_tool_that_is_wanted_again_begins_its_time_anew() {
    let home = home();
    let both = fs::read_to_string(home.path("m.toml")).unwrap();
    let retired = || {
        let names = fs::read_dir(home.tool_dir().join("v1/receipts")).unwrap();
        let names = names.map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|is| is == "retired")).count()
    };
    home.write("m.toml", &tool("one"));
    home.run(&["tools", "install", "one", "--manifest", "m.toml"]).ok();
    assert_eq!(retired(), 1);
    home.write("m.toml", &both);
    home.run(&["tools", "install", "one", "--manifest", "m.toml"]).ok();
    assert_eq!(retired(), 0);
    assert!(home.works("two"));
}

#[test]
fn a_collection_that_is_killed_half_way_leaves_nothing_that_looks_installed() {
    let home = home();
    home.write("m.toml", &tool("one"));
    let marker = home.path("killed");
    let mut command = home.command(&["tools", "gc", "--keep", "0s", "--manifest", "m.toml"]);
    command.env("LIGHTSHIP_FAULT", format!("collected-receipt:{}", marker.display()));
    let status = command.status().unwrap();
    assert!(!status.success() && marker.exists());
    let prefix = home.prefix("two");
    let verdict = home.json(0, &["verify"]);
    assert_eq!(verdict["tools"].as_array().unwrap().len(), 1);
    let kinds = home.json(0, &["gc"]);
    let removed: Vec<&str> = kinds["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|thing| thing["kind"].as_str().unwrap())
        .collect();
    assert!(removed.contains(&"rubbish"), "{kinds}");
    assert!(!prefix.exists());
    assert!(home.works("one"));
}

#[test]
fn old_logs_and_old_corrupt_files_go() {
    let home = home();
    let dir = home.tool_dir();
    fs::write(dir.join("loader-state.json.corrupt-1000"), "").unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let young = dir.join(format!("loader-state.json.corrupt-{now}"));
    fs::write(&young, "").unwrap();
    fs::write(dir.join("v1/logs/gone.log"), "").unwrap();
    fs::create_dir_all(dir.join("v1/stage/left")).unwrap();
    fs::create_dir_all(dir.join("v1/parts")).unwrap();
    fs::write(dir.join("v1/parts/url-0.part"), "half").unwrap();
    fs::write(dir.join("v1/lease.json.dead-1-2"), "").unwrap();
    let answer = home.json(0, &["gc", "--keep", "0s"]);
    let mut paths: Vec<&str> = answer["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|thing| thing["path"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    let old = [
        "loader-state.json.corrupt-1000",
        "v1/lease.json.dead-1-2",
        "v1/logs/gone.log",
        "v1/parts/url-0.part",
        "v1/stage/left",
    ];
    assert_eq!(paths, old);
    assert!(young.exists() && dir.join("v1/logs/one.log").exists());
}

#[test]
fn nobody_is_disturbed_who_is_at_work() {
    let home = home();
    let endless = "[tools.endless]\nscript = { run = [\"sleep\", \"600\"] }\n";
    home.write("e.toml", endless);
    let args = ["tools", "install", "endless", "--manifest", "e.toml", "--format", "json"];
    let mut loader = home.start(&args);
    crate::support::Running::wait_for(&loader.stdout, "\"status\":\"installing\"");
    for verb in [&["gc"][..], &["repair"]] {
        let done = home.run(&[&["tools"], verb, &["--manifest", "m.toml"]].concat());
        assert_eq!(done.code, Some(69), "{done:#?}");
        assert!(done.stderr.contains("another loader (process"), "{done:#?}");
    }
    // Looking is allowed.
    home.json(0, &["verify", "--deep"]);
    home.json(0, &["gc", "--dry-run"]);
    loader.signal(rustix::process::Signal::INT);
    assert_eq!(loader.code(), Some(130));
}
