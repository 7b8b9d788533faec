//! One question and its answer, over TCP or a UNIX socket.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::At;
use crate::address::{AddressError, HttpUrl};
use crate::control::ControlAddress;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);
/// More than this is no answer of lightship's.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;

/// What is asked.
pub(crate) struct Call<'a> {
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: &'a str,
    pub(crate) token: Option<&'a str>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Whom a question goes to, with its path.
pub(crate) enum Peer {
    Url(HttpUrl),
    Socket { address: ControlAddress, path: String },
}

impl Peer {
    pub(crate) fn new(at: &At, path: &str) -> Result<Self, AddressError> {
        Ok(match at {
            At::Url(url) => {
                Self::Url(HttpUrl::parse(&format!("{}{path}", url.trim_end_matches('/')))?)
            }
            At::Socket(address) => Self::Socket { address: address.clone(), path: path.to_owned() },
        })
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Url(url) => &url.path,
            Self::Socket { path, .. } => path,
        }
    }

    /// As it is shown to people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Url(url) => url.host.clone(),
            Self::Socket { address, .. } => format!("the control socket {address}"),
        }
    }

    /// Asks, for at most some seconds.
    pub(crate) fn exchange(&self, call: &Call<'_>) -> io::Result<Reply> {
        match self {
            Self::Url(url) => over_tcp(url, call),
            Self::Socket { address, .. } => {
                let stream = address.connect()?;
                stream.set_read_timeout(Some(LIMIT))?;
                stream.set_write_timeout(Some(LIMIT))?;
                over(stream, "lightship", call)
            }
        }
    }
}

fn over_tcp(url: &HttpUrl, call: &Call<'_>) -> io::Result<Reply> {
    let mut failed = io::ErrorKind::AddrNotAvailable.into();
    for address in &url.addresses {
        match TcpStream::connect_timeout(address, LIMIT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(LIMIT))?;
                stream.set_write_timeout(Some(LIMIT))?;
                return over(stream, &url.host, call);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn over(mut stream: impl Read + Write, host: &str, call: &Call<'_>) -> io::Result<Reply> {
    // HTTP/1.0: the answer ends with the connection, and never comes in chunks.
    let mut text = format!("{} {} HTTP/1.0\r\nHost: {host}\r\n", call.method, call.path);
    if let Some(token) = call.token {
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(io::Error::other("a token has no spaces and no control characters"));
        }
        text.extend(["Authorization: Bearer ", token, "\r\n"]);
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut bytes)?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| io::Error::other("the answer is no HTTP"))
}

fn parse(text: &str) -> Option<Reply> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (version, rest) = head.split_once(' ')?;
    let status = rest.get(..3)?.parse().ok()?;
    version.starts_with("HTTP/1.").then(|| Reply { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let reply = parse("HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nstopping\n").unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (503, "stopping\n"));
        for rubbish in ["SSH-2.0\r\n\r\n", "", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\n"] {
            assert!(parse(rubbish).is_none(), "{rubbish:?}");
        }
    }
}
