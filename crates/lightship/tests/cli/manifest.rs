//! `lightship manifest`: errors are told with their place, and nothing is wrong with ours.

use std::path::Path;
use std::process::Command;

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

/// Prints what is wrong with each file, by a validator that knows nothing of lightship.
const VALIDATE: &str = r#"
import json, sys, tomllib
try:
    import jsonschema
except ImportError:
    sys.exit(9)
validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
for name in sys.argv[2:]:
    for error in validator.iter_errors(tomllib.load(open(name, "rb"))):
        print(f"{name}: {error.json_path}: {error.message}")
"#;

/// Nothing where python3 has no `jsonschema`.
fn wrong(home: &Home, files: &[String]) -> Option<String> {
    let schema = home.write("schema.json", &home.run(&["manifest", "schema"]).ok());
    let mut python = Command::new("python3");
    if let Some(validators) = std::env::var_os("LIGHTSHIP_VALIDATORS") {
        python.env("PYTHONPATH", validators);
    }
    let done = python.args(["-c", VALIDATE, &schema]).args(files).output();
    let Some(done) = done.ok().filter(|done| done.status.code() != Some(9)) else {
        eprintln!("skipped: there is no `jsonschema` here (deploy/validators)");
        return None;
    };
    assert!(done.status.success(), "{done:?}");
    Some(String::from_utf8(done.stdout).unwrap())
}

#[test]
fn the_images_of_the_repository_are_what_the_schema_says() {
    let home = Home::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let names = entries.map(|path| path.display().to_string());
    let is_manifest = |name: &String| {
        Path::new(name).extension().is_some_and(|end| end == "toml") && !name.contains(".budget.")
    };
    let manifests: Vec<String> = names.filter(is_manifest).collect();
    assert!(manifests.len() >= 5, "{manifests:?}");
    let Some(said) = wrong(&home, &manifests) else { return };
    assert_eq!(said, "");
}

#[test]
fn the_schema_finds_what_is_wrong_with_an_image() {
    let home = Home::new();
    for (text, place) in [
        ("[image]\npakages = []\n", "$.image"),
        ("[image]\npackages = [1]\n", "$.image.packages[0]"),
        ("[image]\npackages = [{ name = \"git\", slice = [] }]\n", "$.image.packages[0]"),
        ("[[image.files]]\ntext = \"x\"\n", "$.image.files[0]"),
        ("[[image.users]]\nname = \"x\"\nuid = \"1\"\n", "$.image.users[0].uid"),
        ("[image]\nports = [true]\n", "$.image.ports[0]"),
    ] {
        let path = home.write("m.toml", text);
        let Some(said) = wrong(&home, &[path]) else { return };
        assert!(said.contains(&format!("m.toml: {place}: ")), "{text}: {said}");
    }
    let fine = "[image]\npackages = [\"bash\", { name = \"git\", slices = [\"https\"] }]\n\
                ports = [8080, \"53/udp\"]\n[[image.files]]\nto = \"/a\"\nmode = \"0644\"\n";
    let path = home.write("m.toml", fine);
    assert_eq!(wrong(&home, &[path]).unwrap_or_default(), "");
}
