//! Commands: over the control socket, and over the port with a token.

use std::io::Write as _;

use super::super::{Access, Command, Details, Token};
use super::serving::{PATIENCE, Serving, read_all};

fn control(serving: &Serving, line: &str) -> String {
    let mut stream = serving.control.connect().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("{line} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    read_all(stream)
}

#[test]
fn the_control_socket_obeys_its_own_user() {
    let access = Access { details: Details::Never, token: None };
    let serving = Serving::with(access, 1);
    assert!(control(&serving, "POST /v1/tools/tool-0/promote").contains("202 Accepted"));
    assert!(control(&serving, "POST /v1/stop").contains("202 Accepted"));
    let log = control(&serving, "GET /v1/tools/tool-0/log?lines=3");
    assert!(log.ends_with("\r\n\r\n3 lines of tool-0\n"), "{log}");
    assert!(control(&serving, "GET /health?full=true").contains("a secret reason"));
    let tool = "tool-0".parse().unwrap();
    let promoted = Command::Promote { tool };
    assert_eq!(&serving.commands()[..2], [promoted, Command::Stop]);
}

#[test]
fn the_port_changes_nothing_without_the_token() {
    let post = |fields: &str| {
        format!("POST /v1/stop HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}Connection: close\r\n\r\n")
    };
    let bearer = post("Authorization: Bearer 0123456789abcdef\r\n");
    let open = Serving::new();
    for text in [post(""), bearer.clone()] {
        assert!(open.exchange(&text).starts_with("HTTP/1.1 403"));
    }
    let token = Some(Token::new("0123456789abcdef"));
    let guarded = Serving::with(Access { details: Details::Local, token }, 1);
    assert!(guarded.exchange(&post("")).starts_with("HTTP/1.1 401"));
    assert_eq!(guarded.commands(), []);
    assert!(guarded.exchange(&bearer).starts_with("HTTP/1.1 202"));
    assert_eq!(guarded.commands(), [Command::Stop]);
}

#[test]
fn a_client_that_goes_while_its_command_is_carried_out_is_no_harm() {
    let serving = Serving::new();
    let mut stream = serving.control.connect().unwrap();
    stream.write_all(b"POST /v1/reload HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut others = Vec::new();
    // More than are carried out at once.
    for _ in 0..20 {
        let mut stream = serving.control.connect().unwrap();
        stream
            .write_all(b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        others.push(stream);
    }
    drop(stream);
    assert!(read_all(others.pop().unwrap()).starts_with("HTTP/1.1 503"));
    drop(others);
    let begun = std::time::Instant::now();
    while serving.size().0 > 0 {
        assert!(begun.elapsed() < PATIENCE, "{:?}", serving.size());
        std::thread::yield_now();
    }
    assert!(control(&serving, "POST /v1/stop").contains("202 Accepted"));
}
