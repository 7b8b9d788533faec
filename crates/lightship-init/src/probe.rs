//! Probes: is the service ready? One attempt each; when to make one is the supervisor's.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lightship_model::manifest::Ready;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::address::{self, AddressError, HttpUrl};

/// How to find out whether the service is ready.
#[derive(Clone, Debug)]
pub(crate) enum Probe {
    Http(HttpUrl),
    Tcp(Vec<SocketAddr>),
    /// Run as a process, by the runtime.
    Exec(Vec<String>),
}

impl Probe {
    pub(crate) fn new(ready: &Ready) -> Result<Self, AddressError> {
        match ready {
            Ready::Http(url) => HttpUrl::parse(url).map(Self::Http),
            Ready::Tcp(address) => address::parse(address).map(Self::Tcp),
            Ready::Exec(command) => Ok(Self::Exec(command.clone())),
        }
    }
}

/// Whether a connection to one of `addresses` is taken.
pub(crate) async fn tcp(addresses: Vec<SocketAddr>) -> bool {
    connect(&addresses).await.is_ok()
}

/// Whether a GET of `url` is answered with 200–399.
pub(crate) async fn http(url: HttpUrl) -> bool {
    matches!(get_status(&url).await, Ok(Some(200..=399)))
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut result = Err(io::ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        result = TcpStream::connect(address).await;
        if result.is_ok() {
            break;
        }
    }
    result
}

async fn get_status(url: &HttpUrl) -> io::Result<Option<u16>> {
    let mut stream = connect(&url.addresses).await?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: lightship-init\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n",
        url.path, url.host
    );
    stream.write_all(request.as_bytes()).await?;
    // The status stands in the first twelve bytes.
    let mut head = Vec::with_capacity(12);
    while head.len() < 12 {
        let missing = u64::try_from(12 - head.len()).unwrap_or_default();
        if (&mut stream).take(missing).read_buf(&mut head).await? == 0 {
            break;
        }
    }
    // A server whose answer nobody takes logs an error for each probe, so the rest is read: as
    // much as an answer to a probe should be, for as long as one should take.
    let mut rest = (&mut stream).take(POLITE_BYTES);
    let mut nowhere = tokio::io::sink();
    let taken = tokio::io::copy(&mut rest, &mut nowhere);
    // How the body ends says nothing about the status.
    drop(tokio::time::timeout(POLITE_TIME, taken).await);
    Ok(status(&head))
}

const POLITE_BYTES: u64 = 256 * 1024;
const POLITE_TIME: Duration = Duration::from_millis(200);

/// The status code of an answer, from its first line.
fn status(head: &[u8]) -> Option<u16> {
    let head = std::str::from_utf8(head).ok()?;
    let (version, rest) = head.split_once(' ')?;
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    rest.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status(b"HTTP/1.1 204"), Some(204));
        assert_eq!(status(b"HTTP/1.0 503"), Some(503));
        for bad in [&b"HTTP/1.1 20"[..], b"SSH-2.0-Open", b"", b"HTTP/2 200 ", b"HTTP/1.1 abc"] {
            assert_eq!(status(bad), None);
        }
    }
}
