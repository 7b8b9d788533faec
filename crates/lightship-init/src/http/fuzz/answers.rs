//! Reads answers back, as a strict client would.

use httparse::{EMPTY_HEADER, Response, Status};

/// What is known of an answer before it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) status: u16,
    /// HTTP/1.0.
    pub(super) old: bool,
    /// Without its body.
    pub(super) bare: bool,
    /// It ends with the connection.
    pub(super) stream: bool,
}

impl Expected {
    pub(super) fn refusal(status: u16) -> Self {
        Self { status, old: false, bare: false, stream: false }
    }
}

/// `text` is these answers, one behind the other, and nothing else.
pub(super) fn are_well_formed(text: &[u8], expected: &[Expected]) {
    let mut rest = text;
    let mut closed = false;
    for expected in expected {
        assert!(!closed, "an answer after the last one");
        (rest, closed) = answer(rest, *expected);
    }
    assert!(rest.is_empty(), "{} bytes more", rest.len());
}

/// Takes one answer off; also whether it is the last one.
fn answer(text: &[u8], expected: Expected) -> (&[u8], bool) {
    let mut headers = [EMPTY_HEADER; 16];
    let mut answer = Response::new(&mut headers);
    let Ok(Status::Complete(length)) = answer.parse(text) else {
        panic!("{expected:?} is {:?}", String::from_utf8_lossy(text));
    };
    let (head, body) = text.split_at_checked(length).unwrap_or_default();
    let lines = head.split(|byte| *byte == b'\n').count() - 1;
    assert!(head.is_ascii() && head.windows(2).filter(|pair| pair == b"\r\n").count() == lines);
    assert_eq!(answer.code, Some(expected.status));
    assert_eq!(answer.version, Some(u8::from(!expected.old)));
    assert!(answer.reason.is_some_and(|reason| !reason.is_empty() && reason != "Unknown"));
    let field = |name: &str| {
        let mut found = answer.headers.iter().filter(|field| field.name == name);
        let value = found.next().map(|field| String::from_utf8_lossy(field.value));
        assert!(found.next().is_none(), "{name} twice");
        value
    };
    for name in ["Date", "Content-Type", "Cache-Control", "X-Content-Type-Options"] {
        assert!(field(name).is_some_and(|value| !value.is_empty()), "no {name}");
    }
    let last = field("Connection").is_some_and(|value| value == "close");
    let length: Option<usize> = field("Content-Length").and_then(|value| value.parse().ok());
    match length {
        None => {
            assert!(expected.stream && last, "an answer without an end");
            (&[], true)
        }
        Some(_) if expected.bare => (body, last),
        Some(length) => {
            let parts = body.split_at_checked(length);
            let Some((body, rest)) = parts else { panic!("{length} bytes of {}", body.len()) };
            if field("Content-Type").is_some_and(|kind| kind.contains("json")) {
                assert!(serde_json::from_slice::<serde_json::Value>(body).is_ok());
            }
            (rest, last)
        }
    }
}
