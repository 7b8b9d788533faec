//! One attempt of a probe over the network: connect, send, read the status. It never waits; how
//! long it may take is the supervisor's, who drops it.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, sockopt};

use super::Probe;
use crate::poller::{Poller, Slot, Wanted};

/// The status stands in the first bytes of an answer.
const HEAD: usize = 12;
/// A server whose answer nobody takes logs an error for each probe, so the rest is read: as much
/// as an answer to a probe should be, for as long as one should take.
const POLITE_BYTES: usize = 256 * 1024;
const POLITE_TIME: Duration = Duration::from_millis(200);

/// A probe that was begun.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What is left to try, the next one last.
    addresses: Vec<SocketAddr>,
    /// What is said once connected; being connected is all that is asked for when absent.
    request: Option<String>,
    stream: Option<TcpStream>,
    step: Step,
    slot: Option<Slot>,
}

#[derive(Debug)]
enum Step {
    Connecting,
    Sending {
        sent: usize,
    },
    Reading {
        head: Vec<u8>,
    },
    /// The answer is known; what is left of it is taken for the server's sake.
    Draining {
        left: usize,
        until: Duration,
    },
}

impl Attempt {
    /// Begins to connect. Nothing, when that failed at once everywhere, or when the probe is a
    /// process: then there is nothing to wait for.
    pub(crate) fn begin(probe: &Probe) -> Option<Self> {
        let (addresses, request) = match probe {
            Probe::Http(url) => {
                let request = format!(
                    "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: lightship-init\r\nAccept: */*\r\n\
                     Connection: close\r\n\r\n",
                    url.path, url.host
                );
                (url.addresses.clone(), Some(request))
            }
            Probe::Tcp(addresses) => (addresses.clone(), None),
            Probe::Exec(_) => return None,
        };
        let addresses = addresses.into_iter().rev().collect();
        let mut attempt =
            Self { addresses, request, stream: None, step: Step::Connecting, slot: None };
        attempt.connect_next().then_some(attempt)
    }

    /// Turns to the next address; false when there is none left.
    fn connect_next(&mut self) -> bool {
        self.stream = None;
        while let Some(address) = self.addresses.pop() {
            if let Ok(stream) = connect(address) {
                self.stream = Some(stream);
                return true;
            }
        }
        false
    }

    pub(crate) fn watch(&mut self, poller: &mut Poller) {
        let wanted = match self.step {
            Step::Connecting | Step::Sending { .. } => Wanted::Write,
            Step::Reading { .. } | Step::Draining { .. } => Wanted::Read,
        };
        self.slot = self.stream.as_ref().map(|stream| poller.watch(stream, wanted));
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self.step {
            Step::Draining { until, .. } if self.stream.is_some() => Some(until),
            Step::Connecting
            | Step::Sending { .. }
            | Step::Reading { .. }
            | Step::Draining { .. } => None,
        }
    }

    /// Goes on as far as it can; the answer, as soon as it is known.
    pub(crate) fn turn(&mut self, poller: &Poller, now: Duration) -> Option<bool> {
        if self.deadline().is_some_and(|until| until <= now) {
            self.stream = None;
        }
        let slot = self.slot.take()?;
        if !poller.ready(slot).any() {
            return None;
        }
        match self.go_on(now) {
            Ok(answer) => answer,
            Err(error) if is_early(&error) => None,
            Err(_) => {
                self.stream = None;
                let known = matches!(self.step, Step::Draining { .. });
                (!known).then_some(false)
            }
        }
    }

    /// Nothing is left to do: the answer was given and taken in.
    pub(crate) fn is_over(&self) -> bool {
        self.stream.is_none()
    }

    fn go_on(&mut self, now: Duration) -> io::Result<Option<bool>> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        match &mut self.step {
            Step::Connecting => {
                if !matches!(sockopt::socket_error(&*stream), Ok(Ok(()))) {
                    return Ok((!self.connect_next()).then_some(false));
                }
                if self.request.is_none() {
                    self.stream = None;
                    return Ok(Some(true));
                }
                self.step = Step::Sending { sent: 0 };
                self.go_on(now)
            }
            Step::Sending { sent } => {
                let request = self.request.as_deref().unwrap_or_default().as_bytes();
                *sent += stream.write(request.get(*sent..).unwrap_or_default())?;
                if *sent >= request.len() {
                    self.step = Step::Reading { head: Vec::with_capacity(HEAD) };
                }
                Ok(None)
            }
            Step::Reading { head } => {
                let mut buffer = [0; HEAD];
                let missing = buffer.get_mut(head.len()..).unwrap_or_default();
                let count = stream.read(missing)?;
                head.extend_from_slice(missing.get(..count).unwrap_or_default());
                if count > 0 && head.len() < HEAD {
                    return Ok(None);
                }
                let good = matches!(status(head), Some(200..=399));
                self.step = Step::Draining { left: POLITE_BYTES, until: now + POLITE_TIME };
                if count == 0 {
                    self.stream = None;
                }
                Ok(Some(good))
            }
            Step::Draining { left, .. } => {
                let mut buffer = [0; 8 * 1024];
                let count = stream.read(&mut buffer)?;
                *left = left.saturating_sub(count);
                if count == 0 || *left == 0 {
                    self.stream = None;
                }
                Ok(None)
            }
        }
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
    match net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(TcpStream::from(socket)),
        Err(error) => Err(error.into()),
    }
}

fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

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
    use std::net::TcpListener;

    use lightship_model::manifest::Check;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn probe(check: &Check) -> Probe {
        Probe::new(check).unwrap()
    }

    /// Lets the attempt go on until it has its answer; `serve` plays the server between turns.
    fn answer(attempt: &mut Attempt, mut serve: impl FnMut()) -> bool {
        let mut poller = Poller::default();
        loop {
            poller.clear();
            attempt.watch(&mut poller);
            serve();
            poller.wait(Some(PATIENCE)).unwrap();
            if let Some(answer) = attempt.turn(&poller, Duration::ZERO) {
                return answer;
            }
        }
    }

    /// The answer to an HTTP probe of a server that answers `text`, in pieces of `size`.
    fn http(text: &str, size: usize) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/up", listener.local_addr().unwrap());
        let mut attempt = Attempt::begin(&probe(&Check::Http(url))).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut pieces = text.as_bytes().chunks(size);
        let mut asked = false;
        let answer = answer(&mut attempt, || {
            let sent = matches!(attempt_step(&stream), Some(length) if length > 0);
            if sent && !asked {
                asked = true;
                let mut request = [0; 1024];
                let length = stream.read(&mut request).unwrap();
                assert!(request[..length].starts_with(b"GET /up HTTP/1.1\r\nHost: 127.0.0.1:"));
                assert!(request[..length].ends_with(b"\r\n\r\n"));
            }
            if asked {
                match pieces.next() {
                    Some(piece) => stream.write_all(piece).unwrap(),
                    None => stream.shutdown(std::net::Shutdown::Write).unwrap_or_default(),
                }
            }
        });
        assert!(asked);
        answer
    }

    /// How much the server could read.
    fn attempt_step(stream: &TcpStream) -> Option<usize> {
        stream.set_nonblocking(true).unwrap();
        let length = stream.peek(&mut [0; 16]).ok();
        stream.set_nonblocking(false).unwrap();
        length
    }

    #[test]
    fn an_answer_of_200_to_399_is_a_good_one_however_it_comes() {
        assert!(http("HTTP/1.1 204 No Content\r\n\r\n", 100));
        assert!(http("HTTP/1.0 302 Found\r\n\r\n", 1));
        assert!(!http("HTTP/1.1 503 Busy\r\n\r\n", 5));
        assert!(!http("SSH-2.0-OpenSSH\r\n\r\n", 100));
        assert!(!http("HTTP/1.1 2", 100));
        assert!(!http("", 1));
    }

    #[test]
    fn a_connection_is_enough_for_tcp_and_the_next_address_is_tried() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for addresses in [vec![address], vec![closed, address]] {
            let mut attempt = Attempt::begin(&Probe::Tcp(addresses)).unwrap();
            assert!(answer(&mut attempt, || {}));
            assert!(attempt.is_over());
        }
        let refused = Attempt::begin(&Probe::Tcp(vec![closed]));
        assert!(refused.is_none_or(|mut attempt| !answer(&mut attempt, || {})));
    }

    #[test]
    fn the_rest_of_an_answer_is_taken_but_not_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let mut attempt = Attempt::begin(&probe(&Check::Http(url))).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nbody").unwrap();
        assert!(answer(&mut attempt, || {}));
        assert!(!attempt.is_over());
        let until = attempt.deadline().unwrap();
        attempt.turn(&Poller::default(), until);
        assert!(attempt.is_over());
    }

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status(b"HTTP/1.1 204"), Some(204));
        assert_eq!(status(b"HTTP/1.0 503"), Some(503));
        for bad in [&b"HTTP/1.1 20"[..], b"SSH-2.0-Open", b"", b"HTTP/2 200 ", b"HTTP/1.1 abc"] {
            assert_eq!(status(bad), None);
        }
    }
}
