//! Readiness that the service tells itself: a newline on a descriptor (`LIGHTSHIP_NOTIFY_FD`, as
//! s6 has it), or `READY=1` to a socket (`NOTIFY_SOCKET`, as systemd has it).
//!
//! The socket has an abstract name, so it needs no directory that can be written. Whoever shares
//! the network namespace can reach it, so each message's sender is looked at: see [`sender`].

#[cfg(any(test, fuzzing))]
mod fuzz;
mod message;
mod sender;

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use lightship_model::manifest::Notify;
use rustix::io::{Errno, ioctl_fionbio, read};
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid;

#[cfg(any(test, fuzzing))]
pub(crate) use self::fuzz::message as fuzz_message;
pub(crate) use self::message::Told;

use crate::poller::{Poller, Slot, Wanted};
use crate::sys;

/// Holds the number of the descriptor.
const FD_VARIABLE: &str = "LIGHTSHIP_NOTIFY_FD";
/// Holds the name of the socket; `@` stands for the zero byte of an abstract one.
const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";
/// How many messages are taken in one turn.
const MESSAGES: usize = 16;

/// Where the service tells that it is ready: made anew for each run of it.
#[derive(Debug)]
pub(crate) struct Listening {
    kind: Notify,
    source: Option<OwnedFd>,
    /// The service's end of the pipe, until the service has it.
    handed: Option<OwnedFd>,
    variable: (&'static str, String),
    slot: Option<Slot>,
}

impl Listening {
    pub(crate) fn new(kind: Notify) -> io::Result<Self> {
        let (source, handed, variable) = match kind {
            Notify::Fd => {
                let (source, handed) = pipe_with(PipeFlags::CLOEXEC)?;
                ioctl_fionbio(&source, true)?;
                let number = number_of(&handed);
                (source, Some(handed), (FD_VARIABLE, number.to_string()))
            }
            Notify::Systemd => {
                let (socket, name) = socket()?;
                (socket, None, (SOCKET_VARIABLE, name))
            }
        };
        Ok(Self { kind, source: Some(source), handed, variable, slot: None })
    }

    /// What the service's environment has for it: name and value.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (self.variable.0, &self.variable.1)
    }

    /// The descriptor that has to stay open, under its own number, in the service alone.
    pub(crate) fn handed(&self) -> Option<BorrowedFd<'_>> {
        self.handed.as_ref().map(OwnedFd::as_fd)
    }

    /// The service has its descriptor: with this end closed here, its own end can be noticed.
    pub(crate) fn started(&mut self) {
        self.handed = None;
    }

    pub(crate) fn watch(&mut self, poller: &mut Poller) {
        self.slot = self.source.as_ref().map(|source| poller.watch(source, Wanted::Read));
    }

    /// Takes what was told; `leader` is the service's process.
    pub(crate) fn turn(&mut self, poller: &Poller, leader: Option<Pid>) -> Vec<Told> {
        let ready = self.slot.take().is_some_and(|slot| poller.ready(slot).any());
        match (&self.source, self.kind) {
            (Some(source), Notify::Fd) if ready => {
                let (told, over) = newline(source);
                if over {
                    self.source = None;
                }
                told.into_iter().collect()
            }
            (Some(source), Notify::Systemd) if ready => messages(source, leader),
            (Some(_) | None, Notify::Fd | Notify::Systemd) => Vec::new(),
        }
    }
}

fn number_of(descriptor: &OwnedFd) -> i32 {
    use std::os::fd::AsRawFd as _;
    descriptor.as_raw_fd()
}

/// Looks for the newline; also whether nothing more is to be heard.
fn newline(pipe: &OwnedFd) -> (Option<Told>, bool) {
    let mut buffer = [0; 512];
    match read(pipe, &mut buffer) {
        Ok(0) => (None, true),
        Ok(count) if buffer.iter().take(count).any(|byte| *byte == b'\n') => {
            (Some(Told::Ready), true)
        }
        Ok(_) | Err(Errno::AGAIN | Errno::INTR) => (None, false),
        Err(_) => (None, true),
    }
}

/// A socket with a name that the kernel has chosen.
fn socket() -> io::Result<(OwnedFd, String)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
    set_socket_passcred(&socket, true)?;
    net::bind(&socket, &SocketAddrUnix::new_unnamed())?;
    let address = SocketAddrUnix::try_from(net::getsockname(&socket)?)?;
    let name = address.abstract_name().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let name = std::str::from_utf8(name).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok((socket, format!("@{name}")))
}

fn messages(socket: &OwnedFd, leader: Option<Pid>) -> Vec<Told> {
    let mut told = Vec::new();
    for _ in 0..MESSAGES {
        let mut buffer = [0; 4096];
        match sys::receive(socket.as_fd(), &mut buffer) {
            Ok((count, Some(sender))) if sender::is_of(sender, leader) => {
                told.extend(message::read(buffer.get(..count).unwrap_or_default()));
            }
            // A stranger, or somebody who can't be seen from here.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    use super::*;

    fn turn(listening: &mut Listening, leader: Option<Pid>) -> Vec<Told> {
        let mut poller = Poller::default();
        listening.watch(&mut poller);
        poller.wait(Some(Duration::ZERO)).unwrap();
        listening.turn(&poller, leader)
    }

    #[test]
    fn a_newline_means_ready_and_nothing_else_does() {
        let mut listening = Listening::new(Notify::Fd).unwrap();
        let handed = listening.handed().unwrap().try_clone_to_owned().unwrap();
        assert_eq!(listening.variable().0, "LIGHTSHIP_NOTIFY_FD");
        assert!(listening.variable().1.parse::<i32>().unwrap() >= 3);
        listening.started();
        let mut service = std::fs::File::from(handed);
        service.write_all(b"almost").unwrap();
        assert_eq!(turn(&mut listening, None), []);
        service.write_all(b"\n\n").unwrap();
        assert_eq!(turn(&mut listening, None), [Told::Ready]);
        assert_eq!(turn(&mut listening, None), []);
    }

    #[test]
    fn a_pipe_that_is_closed_says_nothing() {
        let mut listening = Listening::new(Notify::Fd).unwrap();
        listening.started();
        assert_eq!(turn(&mut listening, None), []);
        assert!(listening.source.is_none());
    }

    fn send(listening: &Listening, text: &str) {
        let (variable, name) = listening.variable();
        assert_eq!(variable, "NOTIFY_SOCKET");
        let name = name.strip_prefix('@').unwrap();
        let address = SocketAddr::from_abstract_name(name).unwrap();
        UnixDatagram::unbound().unwrap().send_to_addr(text.as_bytes(), &address).unwrap();
    }

    #[test]
    fn the_services_own_messages_are_heard() {
        let mut listening = Listening::new(Notify::Systemd).unwrap();
        send(&listening, "STATUS=loading\n");
        send(&listening, "READY=1");
        let group = rustix::process::getpgid(None).unwrap();
        let told = turn(&mut listening, Some(group));
        assert_eq!(told, [Told::Status("loading".to_owned()), Told::Ready]);
    }

    #[test]
    fn a_strangers_messages_are_not() {
        let mut listening = Listening::new(Notify::Systemd).unwrap();
        send(&listening, "READY=1");
        // Nobody is the child of this number.
        assert_eq!(turn(&mut listening, Pid::from_raw(i32::MAX)), []);
        send(&listening, "READY=1");
        assert_eq!(turn(&mut listening, None), []);
    }
}
