//! A request, out of the bytes that came: pure, and total over any bytes. Of a head only what
//! the routes use is kept. What two programs could read in two ways is refused.

use httparse::{EMPTY_HEADER, Error, Header, Status};

/// The longest head of a request, in bytes.
pub(super) const MAX_HEAD: usize = 8 * 1024;
/// The longest body that is taken (and thrown away: nothing here reads bodies), in bytes.
pub(super) const MAX_BODY: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// What the bytes mean so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// No whole head yet.
    Partial,
    /// A request, whose head is the first `length` bytes.
    Whole { request: Request, length: usize },
    /// No request, or one that is not taken. Nothing behind it can be understood.
    Bad(Refusal),
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) why: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Head,
    Post,
    /// Known to HTTP, but not to any route.
    Other,
}

/// A request as far as the routes look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: Method,
    /// From `/` on, as it was sent.
    pub(super) path: String,
    /// What stands behind the `?`.
    pub(super) query: String,
    pub(super) host: Option<String>,
    /// What stands behind `Bearer` in `Authorization`.
    pub(super) bearer: Option<String>,
    pub(super) accept: String,
    pub(super) last_event_id: Option<u64>,
    /// It says that it was passed on by a proxy: its peer is not who asks.
    pub(super) forwarded: bool,
    /// Bytes of its body.
    pub(super) body: usize,
    /// The client can send the next request on the same connection.
    pub(super) keep_alive: bool,
    /// HTTP/1.0, in which it is answered.
    pub(super) old: bool,
}

const fn refuse(status: u16, why: &'static str) -> Refusal {
    Refusal { status, why }
}

/// Reads the request at the start of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let all = bytes.get(..MAX_HEAD).unwrap_or(bytes);
    let outcome = match head.parse(all) {
        Ok(Status::Complete(length)) => {
            request(&head).map(|request| Parsed::Whole { request, length })
        }
        Ok(Status::Partial) if all.len() < MAX_HEAD => Ok(Parsed::Partial),
        Ok(Status::Partial) => Err(refuse(431, "the head of a request has at most 8 KiB")),
        Err(error) => Err(malformed(error)),
    };
    outcome.unwrap_or_else(Parsed::Bad)
}

fn malformed(error: Error) -> Refusal {
    match error {
        Error::TooManyHeaders => refuse(431, "a request has at most 64 header fields"),
        Error::Version => refuse(505, "HTTP/1.1 and HTTP/1.0 are spoken here"),
        _ => refuse(400, "that is no HTTP request"),
    }
}

fn request(head: &httparse::Request<'_, '_>) -> Result<Request, Refusal> {
    let (path, query) = target(head.path.unwrap_or_default())?;
    let old = head.version == Some(0);
    let mut request = Request {
        method: method(head.method.unwrap_or_default()),
        path,
        query,
        host: None,
        bearer: None,
        accept: String::new(),
        last_event_id: None,
        forwarded: false,
        body: 0,
        keep_alive: !old,
        old,
    };
    let mut length = None;
    let mut chunked = false;
    for header in head.headers.iter() {
        field(header, &mut request, &mut length, &mut chunked)?;
    }
    if request.host.is_none() && !old {
        return Err(refuse(400, "an HTTP/1.1 request has a Host field"));
    }
    match (length, chunked) {
        (Some(_), true) => return Err(refuse(400, "the length of the body is given twice")),
        // Taking chunks apart would serve nobody: no route wants a body.
        (None, true) => return Err(refuse(411, "a body needs a Content-Length here")),
        (Some(length), false) if length > MAX_BODY => {
            return Err(refuse(413, "nothing here takes such a body"));
        }
        (length, false) => request.body = length.unwrap_or(0),
    }
    Ok(request)
}

/// Takes one header field in.
fn field(
    header: &Header<'_>,
    request: &mut Request,
    length: &mut Option<usize>,
    chunked: &mut bool,
) -> Result<(), Refusal> {
    let is = |name: &str| header.name.eq_ignore_ascii_case(name);
    let text = || String::from_utf8_lossy(header.value).into_owned();
    if is("host") {
        if request.host.replace(text()).is_some() {
            return Err(refuse(400, "a request has one Host field"));
        }
    } else if is("content-length") {
        if length.replace(number(header.value)?).is_some() {
            return Err(refuse(400, "the length of the body is given twice"));
        }
    } else if is("transfer-encoding") {
        *chunked = true;
    } else if is("connection") {
        request.keep_alive &= !has_word(header.value, "close");
    } else if is("expect") {
        // The client may wait with its body, or not: what follows on this connection is unclear.
        request.keep_alive = false;
    } else if is("accept") {
        if !request.accept.is_empty() {
            request.accept.push(',');
        }
        request.accept.push_str(&text());
    } else if is("authorization") {
        request.bearer = bearer(&text());
    } else if is("last-event-id") {
        request.last_event_id = text().trim().parse().ok();
    } else if is("forwarded") || is("x-forwarded-for") {
        request.forwarded = true;
    }
    Ok(())
}

fn method(word: &str) -> Method {
    match word {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        _ => Method::Other,
    }
}

/// Path and query. Proxies may send a whole URL.
fn target(text: &str) -> Result<(String, String), Refusal> {
    let origin = if text.starts_with('/') || text == "*" {
        text
    } else {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(refuse(400, "the target of a request is a path"));
        }
        rest.find(['/', '?']).and_then(|slash| rest.get(slash..)).unwrap_or("/")
    };
    let origin = origin.split('#').next().unwrap_or_default();
    let (path, query) = origin.split_once('?').unwrap_or((origin, ""));
    let path = if path.is_empty() { "/" } else { path };
    Ok((path.to_owned(), query.to_owned()))
}

/// Digits and nothing else: `+5`, `0x5` and `5, 5` are what a request is smuggled with.
fn number(value: &[u8]) -> Result<usize, Refusal> {
    let text = str::from_utf8(value).unwrap_or_default();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse(400, "the Content-Length is no number"));
    }
    Ok(text.parse().unwrap_or(usize::MAX))
}

fn has_word(value: &[u8], wanted: &str) -> bool {
    let text = str::from_utf8(value).unwrap_or_default();
    text.split(',').any(|word| word.trim().eq_ignore_ascii_case(wanted))
}

fn bearer(value: &str) -> Option<String> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Request {
        match parse(text.as_bytes()) {
            Parsed::Whole { request, length } => {
                assert_eq!(length, text.find("\r\n\r\n").unwrap() + 4);
                request
            }
            other => panic!("{text:?} is {other:?}"),
        }
    }

    fn status(text: &str) -> u16 {
        match parse(text.as_bytes()) {
            Parsed::Bad(refusal) => refusal.status,
            other => panic!("{text:?} is {other:?}"),
        }
    }

    #[test]
    fn what_the_routes_use_is_kept() {
        let request = whole(
            "GET /health?full=true HTTP/1.1\r\nHost: a:3000\r\nAccept: x/y\r\nACCEPT: z/z\r\n\
             Authorization: bearer  s3cret \r\nLast-Event-ID: 17\r\n\r\nrest",
        );
        assert_eq!((request.path.as_str(), request.query.as_str()), ("/health", "full=true"));
        assert_eq!((request.host.as_deref(), request.accept.as_str()), (Some("a:3000"), "x/y,z/z"));
        assert_eq!((request.bearer.as_deref(), request.last_event_id), (Some("s3cret"), Some(17)));
        assert!(request.keep_alive && !request.old && !request.forwarded);
    }

    #[test]
    fn the_version_and_the_connection_field_say_whether_more_follows() {
        assert!(!whole("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(!whole("GET / HTTP/1.1\r\nHost:\r\nConnection: x, Close\r\n\r\n").keep_alive);
        assert!(!whole("POST / HTTP/1.1\r\nHost:\r\nExpect: 100-continue\r\n\r\n").keep_alive);
        assert!(whole("GET / HTTP/1.1\r\nHost:\r\nConnection: te\r\n\r\n").keep_alive);
    }

    #[test]
    fn targets_have_several_forms() {
        let target = |target: &str| {
            let request = whole(&format!("GET {target} HTTP/1.0\r\n\r\n"));
            (request.path, request.query)
        };
        let pair = |path: &str, query: &str| (path.to_owned(), query.to_owned());
        assert_eq!(target("http://example:3000/a?b=c?d#e"), pair("/a", "b=c?d"));
        assert_eq!(target("HTTP://example?x"), pair("/", "x"));
        assert_eq!(target("http://example"), pair("/", ""));
        assert_eq!(target("//a//b"), pair("//a//b", ""));
        assert_eq!(target("*"), pair("*", ""));
        assert_eq!(status("GET health HTTP/1.1\r\nHost:\r\n\r\n"), 400);
        assert_eq!(status("CONNECT a:80 HTTP/1.1\r\nHost:\r\n\r\n"), 400);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n");
        for fields in [
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            "Content-Length: 3\r\nContent-Length: 3",
            "Content-Length: 3, 3",
            "Content-Length: +3",
            "Content-Length:",
            "Content-Length : 3",
            "Accept: a\r\n b",
            "Host: y",
            "no colon",
            "nul: \0",
        ] {
            assert_eq!(status(&post(fields)), 400, "{fields:?}");
        }
        assert_eq!(status(&post("Transfer-Encoding: chunked")), 411);
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 400);
        assert_eq!(status("\x16\x03\x01\x02\0\x01"), 400);
        assert_eq!(status("GET / HTTP/2.0\r\n\r\n"), 505);
    }

    #[test]
    fn sizes_have_bounds() {
        let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(MAX_HEAD));
        assert_eq!(status(&long), 431);
        assert_eq!(parse(&long.as_bytes()[..MAX_HEAD - 1]), Parsed::Partial);
        let many = "a: b\r\n".repeat(MAX_HEADERS + 1);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\n{many}\r\n")), 431);
        let body =
            |length: &str| format!("POST / HTTP/1.1\r\nHost:\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(whole(&body("16384")).body, MAX_BODY);
        assert_eq!(status(&body("16385")), 413);
        assert_eq!(status(&body("99999999999999999999999999")), 413);
    }

    /// Bytes that get further than random ones.
    fn nearly_a_request() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![
            Just("GET ".to_owned()),
            Just("POST /".to_owned()),
            Just("/health?full=true ".to_owned()),
            Just("HTTP/1.1\r\n".to_owned()),
            Just("HTTP/1.0\r\n".to_owned()),
            Just("Host: x\r\n".to_owned()),
            Just("Content-Length: 3\r\n".to_owned()),
            Just("Transfer-Encoding: chunked\r\n".to_owned()),
            Just("\r\n".to_owned()),
            Just(" ".to_owned()),
            Just("\n".to_owned()),
            "[ -~\r\n]{0,12}",
        ];
        proptest::collection::vec(word, 0..12).prop_map(|words| words.concat().into_bytes())
    }

    /// What was understood of a part stays what is understood of the whole.
    fn agrees_with_every_part(bytes: &[u8]) {
        let all = parse(bytes);
        for end in 0..=bytes.len() {
            match parse(&bytes[..end]) {
                Parsed::Partial => {}
                known => assert_eq!(known, all, "after {end} of {bytes:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            agrees_with_every_part(&bytes);
        }

        #[test]
        fn where_a_request_is_split_makes_no_difference(bytes in nearly_a_request()) {
            agrees_with_every_part(&bytes);
        }
    }
}
