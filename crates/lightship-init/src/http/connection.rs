//! One connection: a socket, and the conversation over it. Nothing here waits.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::access::Peer;
use super::conversation::Conversation;
use super::request::MAX_HEAD;
use crate::control::Caller;
use crate::poller::{Poller, Ready, Slot};

/// What the kernel keeps of a stream of events for a client that does not read, in bytes.
const STREAM_BUFFER: usize = 64 * 1024;

#[derive(Debug)]
pub(super) enum Socket {
    Network(TcpStream),
    Control(UnixStream),
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Network(stream) => stream.as_fd(),
            Self::Control(stream) => stream.as_fd(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: u64,
    socket: Socket,
    pub(super) talk: Conversation,
    /// Its place in the list of what is waited for; nothing for a new one.
    slot: Option<Slot>,
    /// Its sending side is closed.
    shut: bool,
    /// More was asked than one turn answers.
    pub(super) backlog: bool,
}

impl Connection {
    /// A connection that a listener has just taken.
    pub(super) fn new(id: u64, socket: Socket, now: Duration) -> io::Result<Self> {
        let peer = match &socket {
            Socket::Network(stream) => {
                stream.set_nonblocking(true)?;
                // Answers are written whole: nothing is gained by waiting for more.
                stream.set_nodelay(true)?;
                Peer::network(stream.peer_addr()?.ip())
            }
            Socket::Control(stream) => {
                stream.set_nonblocking(true)?;
                Peer::control(Caller::of(stream))
            }
        };
        let talk = Conversation::new(peer, now);
        Ok(Self { id, socket, talk, slot: None, shut: false, backlog: false })
    }

    pub(super) fn watch(&mut self, poller: &mut Poller) {
        self.slot = Some(poller.watch(&self.socket, self.talk.wants()));
    }

    /// What has come of waiting.
    pub(super) fn ready(&self, poller: &Poller) -> Ready {
        self.slot.map(|slot| poller.ready(slot)).unwrap_or_default()
    }

    /// Takes what has come, a buffer at most.
    pub(super) fn read(&mut self, now: Duration) {
        let mut buffer = [0; MAX_HEAD];
        let room = self.talk.room().min(buffer.len());
        let Some(buffer) = buffer.get_mut(..room).filter(|buffer| !buffer.is_empty()) else {
            return;
        };
        let result = match &mut self.socket {
            Socket::Network(stream) => stream.read(buffer),
            Socket::Control(stream) => stream.read(buffer),
        };
        match result {
            Ok(0) => self.talk.hear_end(),
            Ok(count) => self.talk.hear(buffer.get(..count).unwrap_or_default(), now),
            Err(error) if is_passing(&error) => {}
            Err(_) => self.talk.end(),
        }
    }

    /// Writes what can be written.
    pub(super) fn write(&mut self, now: Duration) {
        while self.talk.is_pending() {
            let result = match &mut self.socket {
                Socket::Network(stream) => stream.write_vectored(&self.talk.pending()),
                Socket::Control(stream) => stream.write_vectored(&self.talk.pending()),
            };
            match result {
                Ok(count) => self.talk.wrote(count, now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.talk.end(),
            }
            if self.talk.is_over() {
                return;
            }
        }
        if self.talk.is_lingering() && !self.shut {
            self.shut = true;
            let result = match &self.socket {
                Socket::Network(stream) => stream.shutdown(Shutdown::Write),
                Socket::Control(stream) => stream.shutdown(Shutdown::Write),
            };
            if result.is_err() {
                self.talk.end();
            }
        }
    }

    /// Lets the kernel keep little of a stream for a client that does not read it.
    pub(super) fn bound_kernel_buffer(&self) {
        // Where the kernel refuses, it keeps its own bound.
        rustix::net::sockopt::set_socket_send_buffer_size(&self.socket, STREAM_BUFFER)
            .unwrap_or_default();
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
