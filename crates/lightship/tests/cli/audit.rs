//! `lightship audit`: the trail of real installs, changed by hand.

use std::fs;

use serde_json::Value;

use crate::support::{Home, manifest};

fn home() -> Home {
    let home = Home::new();
    home.write("m.toml", &manifest("true"));
    home.run(&["tools", "install", "hello", "--manifest", "m.toml"]).ok();
    home
}

fn verify(home: &Home, code: i32) -> Value {
    let done = home.run(&["audit", "verify", "--manifest", "m.toml", "--format", "json"]);
    assert_eq!(done.code, Some(code), "{done:#?}");
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn every_act_of_an_install_is_in_the_trail_and_it_holds() {
    let home = home();
    let answer = verify(&home, 0);
    assert_eq!((&answer["ok"], &answer["warnings"]), (&true.into(), &serde_json::json!([])));
    let show = ["audit", "show", "--manifest", "m.toml", "--format", "json"];
    let acts: Value = serde_json::from_str(&home.run(&show).ok()).unwrap();
    let kinds: Vec<&str> =
        acts.as_array().unwrap().iter().map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "install", "run", "installed", "complete"]);
    let text = home.run(&["audit", "tail", "-n", "2", "--manifest", "m.toml"]).ok();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("installed     hello"), "{text}");
    let none = ["audit", "show", "--since", "2100-01-01T00:00:00Z", "--manifest", "m.toml"];
    assert_eq!(home.run(&none).ok(), "");
}

#[test]
fn an_edited_a_removed_and_a_cut_line_are_named() {
    let home = home();
    let path = home.tool_dir().join("audit.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let first = |text: String| {
        fs::write(&path, text).unwrap();
        let answer = verify(&home, 1);
        let problem = answer["problems"][0].clone();
        format!("{} {}", problem["line"], problem["what"].as_str().unwrap())
    };
    let edited = first(whole.replacen("\"attempt\":1", "\"attempt\":2", 1));
    assert!(edited.starts_with("2 was edited"), "{edited}");
    let removed = first([&lines[..2], &lines[3..]].concat().join("\n") + "\n");
    assert!(removed.starts_with("4 line 3 is missing"), "{removed}");
    let cut = first(lines[..3].join("\n") + "\n");
    assert!(cut.starts_with("3 is the last one: the trail was cut, it had 5 lines"), "{cut}");
    // Even when everything beside the trail is gone, the receipt remembers.
    fs::remove_file(home.tool_dir().join("v1/audit.head")).unwrap();
    let cut = first(lines[..2].join("\n") + "\n");
    assert!(cut.starts_with("3 is missing: the receipt of hello"), "{cut}");
    fs::write(&path, &whole).unwrap();
    let text = home.run(&["audit", "verify", "--manifest", "m.toml"]).ok();
    assert!(text.contains("warning: line 5") && text.contains("holds: 5 lines"), "{text}");
}

#[test]
fn where_there_is_no_trail_there_is_nothing_to_complain_of() {
    let home = Home::new();
    home.write("m.toml", &manifest("true"));
    assert_eq!(verify(&home, 0)["lines"], 0);
}
