//! What `docs/pid1.md` tells people to copy, tried.

use lightship_model::event::What;
use saphyr::{LoadableYamlNode as _, Yaml};

use crate::lightship::Lightship;

const PID1: &str = include_str!("../../../../docs/pid1.md");

/// The blocks of the document in the language `language`.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PID1.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn number(value: &Yaml<'_>, key: &str) -> i64 {
    value[key].as_integer().unwrap_or_else(|| panic!("{key} is no number"))
}

#[test]
fn the_probes_for_kubernetes_ask_what_is_answered() {
    let [block] = blocks("yaml")[..] else { panic!("not one block of YAML") };
    let documents = Yaml::load_from_str(block).unwrap();
    let container = &documents[0]["containers"][0];
    let mut running = Lightship::manifest("[service]\ncommand = [\"sleep\", \"1000\"]\n").start();
    running.service_ready();
    // path, seconds between two, how many may fail
    let probes = [
        ("startupProbe", "/startupz", 1, Some(60)),
        ("readinessProbe", "/readyz", 5, None),
        ("livenessProbe", "/livez", 10, Some(3)),
    ];
    for (name, path, period, failures) in probes {
        let probe = &container[name];
        assert_eq!(probe["httpGet"]["path"].as_str(), Some(path), "{name}");
        assert_eq!(probe["httpGet"]["port"].as_str(), container["ports"][0]["name"].as_str());
        assert_eq!(number(probe, "periodSeconds"), period, "{name}");
        if let Some(failures) = failures {
            assert_eq!(number(probe, "failureThreshold"), failures, "{name}");
        }
        assert_eq!(running.get(path).0, 200, "{name}");
    }
    assert!(!block.contains("/health\n") && !block.contains("/health,"));
}

#[test]
fn liveness_holds_while_the_service_fails_and_startup_does_not() {
    let manifest = "[service]\ncommand = [\"sh\", \"-c\", \"exit 1\"]\n";
    let mut running = Lightship::manifest(manifest).start();
    running.event(|what| matches!(what, What::ServiceExited { .. }).then_some(()));
    assert_eq!(running.get("/livez").0, 200);
    assert_eq!(running.get("/readyz").0, 503);
}

#[test]
fn the_health_check_for_docker_calls_the_client() {
    let line = PID1.lines().find(|line| line.starts_with("HEALTHCHECK ")).unwrap();
    let words = line.split_once("CMD ").unwrap().1;
    let words: Vec<String> = serde_json::from_str(words).unwrap();
    assert_eq!(words, ["/lightship-init", "health"]);
    for option in ["--interval=10s", "--timeout=3s", "--start-period=60s", "--retries=3"] {
        assert!(line.contains(option), "{option}");
    }
    let mut running = Lightship::manifest("[service]\ncommand = [\"sleep\", \"1000\"]\n").start();
    running.service_ready();
    let url = format!("http://{}", running.address());
    let mut client = std::process::Command::new(crate::lightship::BINARY);
    let answer = client.args(&words[1..]).args(["--url", &url]).output().unwrap();
    assert!(answer.status.success(), "{answer:?}");
}
