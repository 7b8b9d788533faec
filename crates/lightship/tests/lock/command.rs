//! The command itself, and what a stale lock means to the others.

use std::fs;

use serde_json::{Value, json};
use testkit::Registry;

use crate::support::{OLD, World, publish, tool};

/// A tool that a script makes; its program prints `says`.
fn script(name: &str, says: &str) -> String {
    format!(
        "[tools.{name}]\nscript = {{ run = [\"sh\", \"-ec\", '''mkdir -p \"$PREFIX/bin\"; \
         printf \"#!/bin/sh\\necho {says}\\n\" > \"$PREFIX/bin/{name}\"; \
         chmod +x \"$PREFIX/bin/{name}\"'''] }}\n"
    )
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_check_says_which_tools_the_lock_does_not_serve() {
    let registry = Registry::start();
    let world = World::new(&registry, &(script("a", "1") + &script("b", "1")));
    let said = world.run(&["lock", "--check"]).ended(1);
    assert!(said.contains("missing  a") && said.contains("missing  b"), "{said}");
    let _lock = world.lock(&[]);
    assert!(world.run(&["lock", "--check"]).ok().starts_with("fresh: "));

    world.write(&registry, &(script("a", "2") + &script("c", "1")));
    let done = world.run(&["lock", "--check", "--format", "json"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let answer = json_of(&done.stdout);
    assert_eq!(answer["fresh"], false);
    let states = [("a", "stale"), ("c", "missing"), ("b", "superfluous")];
    let expected = states.map(|(name, state)| json!({ "name": name, "state": state }));
    assert_eq!(answer["tools"], json!(expected));
    let done = world.run(&["lock", "--check", "--tool", "c"]);
    assert_eq!(done.stdout.lines().next(), Some("missing  c"));
    let text = world.lock(&[]);
    assert!(!text.contains("tools.b"), "what no tool is called goes: {text}");
}

#[test]
fn only_what_is_not_fresh_is_resolved_and_programs_are_told_what_became_of_each() {
    let registry = Registry::start();
    publish(&registry, "npm", "it is", &[("1.0.0", OLD)]);
    let world = World::new(&registry, &tool("npm", None));
    let _lock = world.lock(&[]);
    world.write(&registry, &(tool("npm", None) + &script("a", "1")));
    let asked = registry.requests("/npm/tinynpm");
    let answer = json_of(&world.run(&["lock", "--format", "json"]).ok());
    assert_eq!(registry.requests("/npm/tinynpm"), asked, "it was locked already");
    assert_eq!(answer["written"], true);
    assert_eq!(answer["tools"][0]["outcome"], "locked");
    assert_eq!(answer["tools"][1]["outcome"], "kept");
    assert_eq!(answer["tools"][1]["version"], "1.0.0");
    let answer = json_of(&world.run(&["lock", "--format", "json"]).ok());
    assert_eq!(answer["written"], false);
}

#[test]
fn a_tool_that_can_not_be_locked_leaves_the_lock_as_it_was() {
    let registry = Registry::start();
    let world = World::new(&registry, &script("a", "1"));
    let lock = world.lock(&[]);
    world.write(&registry, &(script("a", "2") + &tool("npm", None)));
    let said = world.run(&["lock"]).ended(1);
    assert!(said.contains("error: npm: "), "{said}");
    assert!(said.contains("is left as it was"), "{said}");
    assert_eq!(world.text(), lock);
    let names = fs::read_dir(world.sandbox.path("")).unwrap();
    let aside = names.filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().contains(".lock.new")
    });
    assert_eq!(aside.count(), 0);
}

#[test]
fn a_stale_lock_is_refused_where_a_lock_is_asked_for_and_told_where_not() {
    let registry = Registry::start();
    let mut world = World::new(&registry, &script("a", "1"));
    let _lock = world.lock(&[]);
    world.write(&registry, &script("a", "2"));
    let said = world.install("a").ended(3);
    assert!(said.contains("lightship.lock: tool `a` was locked for another recipe"), "{said}");
    assert!(said.contains("help: `lightship lock` brings it up to date"), "{said}");
    assert!(!world.sandbox.dir().exists(), "nothing was run");
    world.sandbox.set("LOA_LOCKED", "true");
    let up = ["up", "--manifest", "lightship.toml", "--", "true"];
    assert!(world.run(&up).ended(3).contains("another recipe"));
    world.sandbox.unset("LOA_LOCKED");

    let done = world.run(&["tools", "install", "a", "--manifest", "lightship.toml"]);
    let said = done.ended(0);
    assert!(said.contains("it is resolved anew"), "{said}");
    assert_eq!(world.sandbox.output_of("a"), "2");
}

#[test]
fn a_service_with_a_lock_loads_what_the_lock_names() {
    let registry = Registry::start();
    publish(&registry, "npm", "it is", &[("1.0.0", OLD)]);
    let world = World::new(&registry, &tool("npm", None));
    let _said = world.run(&["lock", "--lock", "elsewhere.lock"]).ok();
    publish(&registry, "npm", "it is", &[("1.0.0", OLD), ("2.0.0", OLD)]);
    let until = format!(
        "until [ -e '{}' ]; do sleep 0.05; done",
        world.sandbox.dir().join("bin/tinynpm").display()
    );
    let lock = ["--locked", "--lock", "elsewhere.lock"];
    let up = [&["up", "--manifest", "lightship.toml", "--listen", "127.0.0.1:0"][..], &lock];
    let _said = world.run(&[&up.concat()[..], &["--", "sh", "-c", &until]].concat()).ok();
    assert_eq!(world.sandbox.output_of("tinynpm"), "it is 1.0.0");
}

#[test]
fn a_broken_lock_is_told_with_its_place_and_nothing_is_done() {
    let registry = Registry::start();
    let world = World::new(&registry, &script("a", "1"));
    fs::write(world.sandbox.path("lightship.lock"), "format = 1\ntols = 3\n").unwrap();
    for args in [&["lock"][..], &["tools", "install", "a", "--manifest", "lightship.toml"]] {
        let said = world.run(args).ended(3);
        assert!(said.contains("lightship.lock:2:1: unknown key `tols`"), "{said}");
        assert!(said.contains("did you mean `tools`?"), "{said}");
    }
    let off = ["tools", "install", "a", "--manifest", "lightship.toml", "--lock", "off"];
    let _said = world.run(&off).ok();
}

#[test]
fn the_help_has_examples_and_a_built_in_manifest_needs_a_file_for_its_lock() {
    let registry = Registry::start();
    let world = World::new(&registry, "");
    let help = world.run(&["lock", "--help"]).ok();
    for word in
        ["lightship lock --upgrade --tool", "--min-age", "LOA_MIN_RELEASE_AGE", "Exit codes"]
    {
        assert!(help.contains(word), "{help}");
    }
    let said = world.run(&["lock", "--profile", "loa", "--check"]).ended(2);
    assert!(said.contains("--lock FILE"), "{said}");
    let said = world.run(&["lock", "--profile", "loa", "--check", "--lock", "l"]).ended(1);
    assert!(said.contains("missing  ck-search"), "{said}");
}
