//! `lightship manifest`: errors are told with their place, and nothing is wrong with ours.

use crate::support::Home;

fn screen(text: &str) -> String {
    let home = Home::new();
    home.write("lightship.toml", text);
    home.run(&["manifest", "check"]).refused(3)
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest_key() {
    let screen = screen("[tools.a]\nscript = { run = [\"true\"] }\nrequries = []\n");
    assert!(screen.starts_with("error: lightship.toml:3:1: "), "{screen}");
    assert!(screen.contains("3 | requries = []"), "{screen}");
    assert!(screen.contains("`requires`"), "{screen}");
}

#[test]
fn a_value_of_the_wrong_type_is_told_with_its_place() {
    let screen = screen("[tools.a]\nscript = { run = [\"true\"] }\npriority = \"high\"\n");
    assert!(screen.starts_with("error: lightship.toml:3:12: "), "{screen}");
}

#[test]
fn a_cycle_names_its_tools() {
    let tool = |name: &str, requires: &str| {
        format!("[tools.{name}]\nscript = {{ run = [\"true\"] }}\nrequires = [\"{requires}\"]\n")
    };
    let screen = screen(&(tool("a", "b") + &tool("b", "a")));
    assert!(screen.contains("error: lightship.toml:"), "{screen}");
    assert!(screen.contains("a → b → a"), "{screen}");
}

#[test]
fn every_error_is_told_at_once() {
    let text = "[tools.a]\nscript = { run = [\"true\"] }\nrequires = [\"x\"]\n[tools.b]\n";
    assert_eq!(screen(text).matches("error: ").count(), 2);
}

#[test]
fn a_missing_file_says_what_to_do() {
    let screen = Home::new().run(&["manifest", "check", "nope.toml"]).refused(3);
    assert!(screen.starts_with("error: nope.toml: can't read the manifest"), "{screen}");
    assert!(screen.contains("\n  help: "), "{screen}");
}

#[test]
fn what_is_shown_is_what_is_checked() {
    let home = Home::new();
    for profile in ["quickstart", "loa"] {
        let text = home.run(&["manifest", "show", "--profile", profile]).ok();
        home.write("lightship.toml", &text);
        let own = home.run(&["manifest", "check"]).ok();
        assert!(own.starts_with("ok: "), "{own}");
        assert_eq!(own, home.run(&["manifest", "check", "--profile", profile]).ok());
    }
    let screen = home.run(&["manifest", "show", "--profile", "nope"]).refused(3);
    assert!(screen.contains("help: there are: quickstart, loa"), "{screen}");
}

#[test]
fn the_schema_knows_the_keys_of_a_tool() {
    let schema = Home::new().run(&["manifest", "schema"]).ok();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(schema["$defs"]["ToolLayer"]["properties"]["requires"].is_object(), "{schema:#}");
}
