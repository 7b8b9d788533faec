use std::fs;

use crate::lightship::Lightship;

const STARTING: &str = "[service]\ncommand = [\"sleep\", \"1000\"]\n\
                        ready = { exec = [\"test\", \"-e\", \"{dir}/ready\"] }\n\
                        [capabilities]\nsearch = [\"x\"]\n\
                        [tools.x]\nscript = { run = [\"true\"] }\n";

#[test]
fn health_answers_while_the_service_starts() {
    let mut running = Lightship::manifest(STARTING).with_loader("exit 0").start();
    assert_eq!(running.get("/livez"), (200, "ok\n".to_owned()));
    assert_eq!(running.get("/startupz").0, 503);
    assert_eq!(running.get("/readyz").0, 503);
    let (status, body) = running.get("/health");
    assert_eq!(status, 503);
    assert!(body.starts_with("{\"status\":\"unhealthy\",\"gateway\":\"running\",\"uptime\":"));
    fs::write(running.path("ready"), "").unwrap();
    running.service_ready();
    for path in ["/livez", "/startupz", "/readyz", "/health"] {
        assert_eq!(running.get(path).0, 200, "{path}");
    }
}

#[test]
fn the_tools_of_the_manifest_are_known_before_the_loader_has_spoken() {
    let mut running = Lightship::manifest(STARTING).with_loader("exit 0").start();
    let full = running.json("/health?full=true");
    assert_eq!(full["tools"]["status"]["x"], "pending");
    assert_eq!(full["tools"]["loading"], true);
    assert_eq!(full["capabilities"]["search"], false);
}

#[test]
fn answers_have_the_headers_that_keep_them_fresh() {
    let mut running = Lightship::new().command(&["sleep", "1000"]).start();
    let answer = running.exchange("GET /health HTTP/1.0\r\n\r\n").to_ascii_lowercase();
    for field in [
        "content-type: application/json",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
    ] {
        assert!(answer.contains(field), "{answer}");
    }
    let answer = running.exchange("GET /startupz HTTP/1.0\r\n\r\n").to_ascii_lowercase();
    assert!(!answer.contains("retry-after"), "{answer}");
}

#[test]
fn head_is_get_without_a_body_and_other_methods_are_refused() {
    let mut running = Lightship::new().command(&["sleep", "1000"]).start();
    running.service_ready();
    let answer = running.exchange("HEAD /health HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = running.exchange("POST /health HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.0 405"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("allow: get, head"), "{answer}");
    assert_eq!(running.get("/nope").0, 404);
    assert!(running.get("/").1.contains("/readyz"));
}

#[test]
fn several_questions_fit_one_connection_and_rubbish_ends_it() {
    let mut running = Lightship::new().command(&["sleep", "1000"]).start();
    let one = "GET /livez HTTP/1.1\r\nHost: x\r\n";
    let answer = running.exchange(&format!("{one}\r\n{one}Connection: close\r\n\r\n"));
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
    let answer = running.exchange("rubbish\r\n\r\n");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    let long = "x".repeat(64 * 1024);
    let address = running.address();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    // It may be cut off before it is all sent.
    std::io::Write::write_all(&mut stream, format!("GET /{long}").as_bytes()).unwrap_or_default();
    assert_eq!(running.get("/livez").0, 200);
}
