//! `lightship doctor` on healthy and on broken directories, with a registry of the test's own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::thread;

use serde_json::Value;

use crate::support::{Home, listener, manifest};

fn examine(home: &Home, code: i32, args: &[&str]) -> Value {
    let all = [&["doctor", "--manifest", "m.toml", "--format", "json"], args].concat();
    let done = home.run(&all);
    assert_eq!(done.code, Some(code), "{done:#?}");
    serde_json::from_str(&done.stdout).unwrap()
}

#[track_caller]
fn status<'a>(answer: &'a Value, id: &str) -> &'a str {
    finding(answer, id)["status"].as_str().unwrap()
}

#[track_caller]
fn finding<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let findings = answer["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {answer:#}"))
}

#[test]
fn a_good_directory_has_nothing_that_fails() {
    let home = Home::new();
    home.write("m.toml", &manifest("true"));
    // Before anything was ever loaded, and after.
    examine(&home, 0, &["--offline"]);
    assert!(!home.tool_dir().exists(), "it only looks");
    home.run(&["tools", "install", "hello", "--manifest", "m.toml"]).ok();
    let answer = examine(&home, 0, &["--offline"]);
    for id in ["manifest", "tool-dir", "volume", "tools", "audit", "loader", "clock"] {
        assert_eq!(status(&answer, id), "ok", "{answer:#}");
    }
    assert_eq!(status(&answer, "path"), "warn");
    assert!(!answer.to_string().contains("registry-"), "{answer:#}");
    let text = home.run(&["doctor", "--offline", "--manifest", "m.toml"]).ok();
    assert!(text.starts_with("ok    the manifest is valid"), "{text}");
    assert!(!text.contains('\u{1b}'));
    let left: Vec<_> = fs::read_dir(home.tool_dir()).unwrap().collect();
    assert!(!format!("{left:?}").contains("doctor"), "{left:?}");
}

#[test]
fn what_is_damaged_fails_with_what_helps() {
    let home = Home::new();
    home.write("m.toml", &manifest("true"));
    home.run(&["tools", "install", "hello", "--manifest", "m.toml"]).ok();
    let dir = home.tool_dir();
    let store = fs::read_dir(dir.join("v1/store")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(store.join("bin/hello")).unwrap();
    fs::write(dir.join("v1/receipts/x-1-0123456789ab.json"), "").unwrap();
    let trail = fs::read_to_string(dir.join("audit.jsonl")).unwrap();
    fs::write(dir.join("audit.jsonl"), trail.replacen("hello", "jello", 1)).unwrap();
    let answer = examine(&home, 1, &["--offline"]);
    assert_eq!(answer["ok"], false);
    assert_eq!(status(&answer, "tools"), "fail");
    assert!(finding(&answer, "tools")["help"].as_str().unwrap().contains("tools repair"));
    assert_eq!(status(&answer, "receipts"), "warn");
    assert_eq!(status(&answer, "audit"), "fail");
}

#[test]
fn a_manifest_with_an_error_and_a_directory_that_is_a_file_fail() {
    let home = Home::new();
    home.write("m.toml", "[tools.x]\n");
    assert_eq!(status(&examine(&home, 1, &["--offline"]), "manifest"), "fail");
    home.write("m.toml", &manifest("true"));
    home.write("file", "");
    let dir = home.path("file").display().to_string();
    let answer = examine(&home, 1, &["--offline", "--tool-dir", &dir]);
    assert_eq!(status(&answer, "tool-dir"), "fail");
}

const PIP: &str = "[tools.x]\nversion = \"1\"\npip = { package = \"some-package\" }\n";

/// A registry that answers one question with `date` as its clock; gives what it was asked for.
fn registry(date: &'static str) -> (String, thread::JoinHandle<String>) {
    let (listener, address) = listener();
    let answer = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        let text = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 2\r\n\r\n{{}}");
        stream.write_all(text.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    };
    (format!("http://{address}/simple"), thread::spawn(answer))
}

#[test]
fn a_registry_is_asked_for_what_the_manifest_wants_and_its_clock_compared() {
    let home = Home::new();
    let (address, asked) = registry("Wed, 04 Feb 2015 11:00:00 GMT");
    home.write("m.toml", &format!("{PIP}[registries]\npip = \"{address}/\"\n"));
    let answer = examine(&home, 0, &[]);
    assert!(asked.join().unwrap().starts_with("GET /simple/some-package/ "));
    assert_eq!(status(&answer, "registry-pip"), "ok");
    assert!(!finding(&answer, "registry-pip").to_string().contains("127.0.0.1"));
    let clock = finding(&answer, "clock");
    assert_eq!(clock["status"], "warn");
    assert!(clock["what"].as_str().unwrap().contains("pip index"), "{clock}");
}

#[test]
fn a_registry_that_is_not_there_fails_with_the_error_as_it_was() {
    let home = Home::new();
    let (closed, address) = listener();
    drop(closed);
    home.write("m.toml", &format!("{PIP}[registries]\npip = \"http://{address}/simple\"\n"));
    let answer = examine(&home, 1, &[]);
    let finding = finding(&answer, "registry-pip");
    assert_eq!(finding["status"], "fail");
    assert!(finding["detail"].as_str().unwrap().contains("refused"), "{finding}");
}
