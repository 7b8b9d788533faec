//! Clients that do not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use super::super::Access;
use super::super::server::MAX_CONNECTIONS;
use super::serving::{PATIENCE, Serving, read_all};

#[test]
fn rubbish_and_endless_heads_are_told_off() {
    let serving = Serving::new();
    assert!(serving.exchange("rubbish\r\n\r\n").starts_with("HTTP/1.1 400"));
    assert!(serving.exchange("GET / HTTP/3.0\r\n\r\n").starts_with("HTTP/1.1 505"));
    let mut stream = serving.connect();
    let huge = format!("GET /{} HTTP/1.1\r\n", "x".repeat(1 << 20));
    // It may be cut off before it is all sent.
    stream.write_all(huge.as_bytes()).unwrap_or_default();
    let answer = read_all(stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let mut stream = serving.connect();
    stream.write_all(&huge.as_bytes()[..10_000]).unwrap();
    assert!(read_all(stream).starts_with("HTTP/1.1 431"));
    let large = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\nxxxx";
    assert!(serving.exchange(large).starts_with("HTTP/1.1 413"));
    assert!(serving.get("/livez", "").ends_with("ok\n"));
}

#[test]
fn thousands_of_half_open_connections_keep_nobody_from_an_answer() {
    let serving = Serving::new();
    let mut held: Vec<TcpStream> = Vec::new();
    for number in 0..2000 {
        let mut stream = serving.connect();
        if number % 2 == 0 {
            stream.write_all(b"GET /livez HTTP/1.1\r\nX-Padding: 0123456789").unwrap();
        }
        held.push(stream);
        if number % 200 == 0 {
            let begun = Instant::now();
            assert!(serving.get("/livez", "").ends_with("ok\n"), "after {number}");
            assert!(begun.elapsed() < PATIENCE);
        }
    }
    assert!(serving.get("/health?full=true", "").contains("\"status\":\"healthy\""));
    let (connections, memory) = serving.size();
    assert!(connections <= MAX_CONNECTIONS, "{connections}");
    assert!(memory <= MAX_CONNECTIONS * 1024, "{memory} bytes");
    // The newest are still served.
    let newest = held.last_mut().unwrap();
    newest.write_all(b"GET /livez HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    newest.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.0 200");
}

#[test]
fn who_asks_for_much_and_reads_nothing_costs_one_answer() {
    // A document of some hundred kilobytes, asked for again and again.
    let serving = Serving::with(Access::default(), 1000);
    let mut stream = serving.connect();
    let one = "GET /health?full=true HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    stream.set_write_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
    // It sends until the kernel takes no more from it.
    while stream.write_all(one.repeat(100).as_bytes()).is_ok() {}
    let (connections, memory) = serving.size();
    assert_eq!(connections, 1);
    assert!(memory < 1024 * 1024, "{memory} bytes");
    assert!(serving.get("/livez", "").ends_with("ok\n"));
}

#[test]
fn a_connection_that_is_reset_is_forgotten() {
    let serving = Serving::new();
    for _ in 0..50 {
        let mut stream = serving.connect();
        stream.write_all(b"GET /health?full=true HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        // With an answer unread, closing is a reset.
        drop(stream);
    }
    let begun = Instant::now();
    while serving.size().0 > 0 {
        assert!(begun.elapsed() < PATIENCE, "{:?}", serving.size());
        std::thread::yield_now();
    }
}
