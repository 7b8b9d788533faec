use std::fs;
use std::process::Command;

use crate::lightship::{BINARY, Lightship, Running};

fn health(running: &mut Running, args: &[&str]) -> (Option<i32>, String) {
    let address = running.address();
    let output =
        Command::new(BINARY).arg("health").args(args).env("LOA_LISTEN", address).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_answer_is_the_exit_code_in_every_format() {
    let mut running = Lightship::new().command(&["sleep", "1000"]).start();
    running.service_ready();
    let (code, text) = health(&mut running, &[]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("healthy: gateway running, up "), "{text}");
    let (code, json) = health(&mut running, &["--format", "json"]);
    assert_eq!(code, Some(0));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["status"], "healthy");
    assert_eq!(health(&mut running, &["--ready"]), (Some(0), "ok\n".to_owned()));
    assert_eq!(health(&mut running, &["--live"]), (Some(0), "ok\n".to_owned()));
}

#[test]
fn degraded_is_a_no_only_when_asked_for() {
    let script = "echo '{\"at\":\"2026-02-04T11:00:00Z\",\"event\":\"tool\",\"name\":\"x\",\
                  \"status\":\"failed\",\"error\":\"no space\"}'; sleep 1000";
    let mut running = Lightship::loader(script).start();
    running.event(|what| matches!(what, lightship_model::event::What::Tool(_)).then_some(()));
    let (code, text) = health(&mut running, &[]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("degraded: ") && text.contains("tool x failed"), "{text}");
    for format in ["text", "json"] {
        let (code, _) = health(&mut running, &["--fail-on", "degraded", "--format", format]);
        assert_eq!(code, Some(1));
    }
    let (_, text) = health(&mut running, &["--full"]);
    assert!(text.contains("\n  failed     x: no space"), "{text}");
}

#[test]
fn nobody_there_is_a_no() {
    let mut running = Lightship::new().command(&["sleep", "1000"]).start();
    let url = "http://127.0.0.1:1";
    let (code, text) = health(&mut running, &["--url", url]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("unreachable: "), "{text}");
    let (code, json) = health(&mut running, &["--url", url, "--format", "json"]);
    assert_eq!(code, Some(1));
    assert!(json.contains("\"unreachable\""), "{json}");
}

#[test]
fn waiting_ends_when_the_service_is_ready() {
    let manifest = "[service]\ncommand = [\"sleep\", \"1000\"]\n\
                    ready = { exec = [\"test\", \"-e\", \"{dir}/ready\"] }\n";
    let mut running = Lightship::manifest(manifest).start();
    assert_eq!(health(&mut running, &["--ready", "--wait", "300ms"]).0, Some(1));
    let ready = running.path("ready");
    let late = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        fs::write(ready, "").unwrap();
    });
    assert_eq!(health(&mut running, &["--ready", "--wait", "60s"]).0, Some(0));
    late.join().unwrap();
}
