use std::io::Write as _;
use std::net::TcpStream;

use crate::lightship::{Lightship, Running};

/// A figure out of `/metrics`.
fn metric(running: &mut Running, name: &str) -> u64 {
    let (_, text) = running.get("/metrics");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

/// Opens that many connections that never come to the end of a request.
fn half_open(running: &mut Running, count: usize) -> Vec<TcpStream> {
    let address = running.address();
    let connect = |_| {
        let mut stream = TcpStream::connect(&address).unwrap();
        // It may be closed already: others came after it.
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: ").unwrap_or_default();
        stream
    };
    (0..count).map(connect).collect()
}

#[test]
fn thousands_of_connections_leave_memory_descriptors_and_answers_alone() {
    let mut running = Lightship::new().command(&["sleep", "1000"]).start();
    let resident = metric(&mut running, "process_resident_memory_bytes");
    let held = half_open(&mut running, 1000);
    assert_eq!(running.get("/livez"), (200, "ok\n".to_owned()));
    assert!(metric(&mut running, "process_open_fds") < 300);
    let grown = metric(&mut running, "process_resident_memory_bytes").saturating_sub(resident);
    assert!(grown < 2 << 20, "{grown} bytes more");
    drop(held);
    let again = half_open(&mut running, 1000);
    let after = metric(&mut running, "process_resident_memory_bytes").saturating_sub(resident);
    assert!(after < grown + (512 << 10), "{after} bytes more after {grown}");
    drop(again);
}

#[test]
fn health_answers_when_there_are_hardly_any_descriptors() {
    let few = ["prlimit", "--nofile=24", "--"];
    let mut running = Lightship::new().through(&few).command(&["sleep", "1000"]).start();
    running.service_started();
    let held = half_open(&mut running, 200);
    for _ in 0..10 {
        assert_eq!(running.get("/livez"), (200, "ok\n".to_owned()));
    }
    drop(held);
}
