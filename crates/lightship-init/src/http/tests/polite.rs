//! Clients that do as they should.

use std::io::Write as _;

use super::super::{Access, Details, Token};
use super::serving::{Serving, read_all};

const LIVE: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn one_connection_carries_many_requests_one_by_one_or_all_at_once() {
    let serving = Serving::new();
    let mut stream = serving.connect();
    for _ in 0..100 {
        stream.write_all(LIVE.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let count = std::io::Read::read(&mut stream, &mut answer).unwrap();
        let answer = str::from_utf8(&answer[..count]).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"));
    }
    // More than one turn answers, and more than a buffer holds.
    let many = LIVE.repeat(1000) + "GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(many.as_bytes()).unwrap();
    let answers = read_all(stream);
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1000);
    assert_eq!(answers.matches("HTTP/1.1 404").count(), 1);
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let serving = Serving::new();
    let mut stream = serving.connect();
    for byte in "GET /livez HTTP/1.0\r\n\r\n".as_bytes() {
        stream.write_all(&[*byte]).unwrap();
        // Each byte is to arrive alone.
        serving.size();
    }
    assert!(read_all(stream).ends_with("ok\n"));
}

#[test]
fn head_is_get_without_a_body_on_every_route() {
    let serving = Serving::new();
    for path in ["/", "/health", "/health?full=true", "/livez", "/metrics", "/timeline", "/events"]
    {
        let head = serving
            .exchange(&format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        assert_eq!(head.matches("\r\n\r\n").count(), 1, "{head}");
    }
}

#[test]
fn a_client_that_closes_its_side_first_is_answered() {
    let serving = Serving::new();
    let mut stream = serving.connect();
    stream.write_all(LIVE.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(read_all(stream).ends_with("ok\n"));
}

#[test]
fn details_are_for_those_who_may_see_them() {
    let token = || Some(Token::new("0123456789abcdef"));
    let bearer = "Authorization: Bearer 0123456789abcdef\r\n";
    let sees = |serving: &Serving, fields: &str| {
        let answer = serving.get("/health?full=true", fields);
        assert!(answer.contains("\"tool-0\":\"pending\""), "{answer}");
        let sees = answer.contains("a secret reason");
        assert_eq!(answer.contains("4711"), sees);
        assert!(answer.contains(&format!("\"details\":{sees}")), "{answer}");
        sees
    };
    let local = Serving::new();
    assert!(sees(&local, ""));
    let rebound = local.exchange("GET /health?full=true HTTP/1.0\r\nHost: evil.example\r\n\r\n");
    assert!(!rebound.contains("a secret reason") && rebound.contains("pending"), "{rebound}");
    let strict = Serving::with(Access { details: Details::Token, token: token() }, 1);
    assert!(!sees(&strict, "") && sees(&strict, bearer));
    assert!(!sees(&strict, "Authorization: Bearer 0123456789abcdeX\r\n"));
    let closed = Serving::with(Access { details: Details::Never, token: token() }, 1);
    assert!(!sees(&closed, bearer));
}

#[test]
fn metrics_count_what_was_answered() {
    let serving = Serving::new();
    serving.get("/livez", "");
    serving.get("/%6civez?with=text", "");
    serving.exchange("rubbish\r\n\r\n");
    let metrics = serving.get("/metrics", "");
    assert!(metrics.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    for line in [
        "lightship_http_requests_total{path=\"/livez\",code=\"200\"} 1\n",
        "lightship_http_requests_total{path=\"other\",code=\"404\"} 1\n",
        "lightship_http_requests_total{path=\"other\",code=\"400\"} 1\n",
        "lightship_gateway_ready 1\n",
        "lightship_event_clients 0\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let open = serving.get("/metrics", "Accept: application/openmetrics-text\r\n");
    assert!(
        open.contains("application/openmetrics-text; version=1.0.0") && open.ends_with("# EOF\n")
    );
}

#[test]
fn every_metric_that_is_written_is_in_the_reference() {
    let metrics = Serving::new().get("/metrics", "");
    let body = metrics.split_once("\r\n\r\n").unwrap().1;
    for line in body.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        let known = lightship_model::metrics::ALL.iter().any(|metric| metric.name == name);
        assert!(known, "{name}");
    }
}
