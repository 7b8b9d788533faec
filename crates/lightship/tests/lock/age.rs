//! Releases that are too young are not locked.

use testkit::Registry;

use crate::support::{KINDS, OLD, World, publish, tool, young};

#[test]
fn an_older_release_is_taken_in_place_of_one_that_is_too_young_and_that_is_told() {
    let young = young();
    for kind in KINDS {
        let registry = Registry::start();
        publish(&registry, kind, "it is", &[("1.0.0", OLD), ("1.1.0", Some(&young))]);
        let world = World::new(&registry, &tool(kind, None));
        let said = world.run(&["lock"]).ok();
        assert!(said.contains(&format!("`tiny{kind}` 1.1.0 was published")), "{kind}: {said}");
        assert!(world.text().contains("version = \"1.0.0\""), "{kind}: {}", world.text());
        let text = world.lock(&["--upgrade", "--min-age", "30m"]);
        assert!(text.contains("version = \"1.1.0\""), "{kind}: {text}");
    }
}

#[test]
fn a_release_that_is_asked_for_and_too_young_is_refused_with_what_would_do() {
    let young = young();
    for kind in KINDS {
        let registry = Registry::start();
        publish(&registry, kind, "it is", &[("1.0.0", OLD), ("1.1.0", Some(&young))]);
        let world = World::new(&registry, &tool(kind, Some("1.1.0")));
        let said = world.run(&["lock"]).ended(1);
        assert!(said.contains(&format!("`tiny{kind}` 1.1.0 was published 1h")), "{kind}: {said}");
        assert!(said.contains("1day is asked for"), "{kind}: {said}");
        assert!(said.contains("the newest that is old enough is 1.0.0"), "{kind}: {said}");
        assert!(!world.sandbox.path("lightship.lock").exists(), "{kind}");
        assert!(world.lock(&["--min-age", "0"]).contains("version = \"1.1.0\""), "{kind}");
    }
}

#[test]
fn a_release_whose_age_nobody_knows_is_refused_unless_it_is_let_pass() {
    for kind in KINDS {
        let registry = Registry::start();
        publish(&registry, kind, "it is", &[("1.0.0", None)]);
        let world = World::new(&registry, &tool(kind, None));
        let said = world.run(&["lock"]).ended(1);
        assert!(said.contains("does not say when"), "{kind}: {said}");
        assert!(said.contains("--allow-unknown-age"), "{kind}: {said}");
        let text = world.lock(&["--allow-unknown-age"]);
        assert!(text.contains("version = \"1.0.0\""), "{kind}: {text}");
    }
}

#[test]
fn the_environment_beats_the_manifest_and_the_command_line_both() {
    let young = young();
    let registry = Registry::start();
    publish(&registry, "npm", "it is", &[("1.0.0", Some(&young))]);
    let manifest = format!("[lock]\nmin_age = \"10m\"\n{}", tool("npm", None));
    let mut world = World::new(&registry, &manifest);
    let _lock = world.lock(&["--upgrade"]);
    world.sandbox.set("LOA_MIN_RELEASE_AGE", "2h");
    let said = world.run(&["lock", "--upgrade"]).ended(1);
    assert!(said.contains("2h is asked for"), "{said}");
    let _lock = world.lock(&["--upgrade", "--min-age", "5m"]);
    world.sandbox.set("LOA_MIN_RELEASE_AGE", "soon");
    let said = world.run(&["lock"]).ended(3);
    assert!(said.contains("LOA_MIN_RELEASE_AGE is `soon`"), "{said}");
}
