//! The health port and the control socket as a part of the loop: takes connections, carries
//! bytes, and hands commands on. Whatever clients do, it keeps a bounded number of connections
//! and of bytes for each, and whoever asks is answered.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use lightship_model::event::Event;
use lightship_model::name::ToolName;

use super::access::Access;
use super::answer::Answer;
use super::command::{Asked, Ticket};
use super::connection::{Connection, Socket};
use super::desk::{Desk, Load};
use super::journal::Journal;
use crate::poller::{Poller, Ready, Slot, Wanted};
use crate::view::{Moment, View};

/// With more connections than this, the one that is missed least goes.
pub(super) const MAX_CONNECTIONS: usize = 256;
/// Connections that are taken in one turn: those that are there want their answers.
const MAX_ACCEPTED: usize = 64;
/// When no connection can be taken (out of descriptors), try again after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// Where connections come from.
#[derive(Debug)]
enum Door {
    Network(TcpListener),
    Control(UnixListener),
}

impl Door {
    fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Network(listener) => Ok(Socket::Network(listener.accept()?.0)),
            Self::Control(listener) => Ok(Socket::Control(listener.accept()?.0)),
        }
    }

    fn watch(&self, poller: &mut Poller) -> Slot {
        match self {
            Self::Network(listener) => poller.watch(listener, Wanted::Read),
            Self::Control(listener) => poller.watch(listener, Wanted::Read),
        }
    }
}

/// The whole HTTP side of PID 1.
#[derive(Debug)]
pub(crate) struct Http {
    doors: Vec<(Door, Option<Slot>)>,
    connections: Vec<Connection>,
    desk: Desk,
    next_id: u64,
    /// Until then, no connection is taken.
    paused: Option<Duration>,
    /// Streams have something new to say.
    news: bool,
    /// The time as of the last turn.
    now: Duration,
}

impl Http {
    /// Answers on what is there of the two.
    pub(crate) fn new(
        listener: Option<TcpListener>,
        control: Option<UnixListener>,
        access: Access,
    ) -> io::Result<Self> {
        let mut doors = Vec::new();
        if let Some(listener) = listener {
            listener.set_nonblocking(true)?;
            doors.push((Door::Network(listener), None));
        }
        if let Some(listener) = control {
            listener.set_nonblocking(true)?;
            doors.push((Door::Control(listener), None));
        }
        // Larger at each start, and a number that JavaScript can hold.
        let first = View::now().as_millis();
        Ok(Self {
            doors,
            connections: Vec::new(),
            desk: Desk::new(access, Journal::new(first)),
            next_id: 0,
            paused: None,
            news: false,
            now: Duration::ZERO,
        })
    }

    /// Says what is waited for.
    pub(crate) fn watch(&mut self, poller: &mut Poller, now: Duration) {
        self.now = now;
        let paused = self.paused.is_some_and(|until| now < until);
        for (door, slot) in &mut self.doors {
            *slot = (!paused).then(|| door.watch(poller));
        }
        for connection in &mut self.connections {
            connection.watch(poller);
        }
    }

    /// When a turn is due though nothing has come.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        if self.news || self.connections.iter().any(|connection| connection.backlog) {
            return Some(self.now);
        }
        let connections = self.connections.iter().filter_map(|each| each.talk.deadline());
        connections.chain(self.paused).chain(self.desk.journal.deadline()).min()
    }

    /// Does what can be done without waiting; returns what others have to do.
    pub(crate) fn turn(&mut self, poller: &Poller, view: &View, now: Duration) -> Vec<Asked> {
        self.now = now;
        self.news = false;
        let moment = Moment { now, time: View::now() };
        let mut asked = Vec::new();
        self.desk.journal.release(now);
        self.desk.load = self.load();
        for connection in &mut self.connections {
            let ready = connection.ready(poller);
            self.desk.look_after(connection, ready, view, moment, &mut asked);
        }
        self.connections.retain(|connection| !connection.talk.is_over());
        // Only now: those that have asked go before those that may not.
        let known = self.next_id;
        self.accept(poller, now);
        for connection in self.connections.iter_mut().filter(|each| each.id > known) {
            // Its request is often there already.
            let ready = Ready { readable: true, ..Ready::default() };
            self.desk.look_after(connection, ready, view, moment, &mut asked);
        }
        self.connections.retain(|connection| !connection.talk.is_over());
        asked
    }

    fn load(&self) -> Load {
        let count = |is: fn(&Connection) -> bool| {
            self.connections.iter().filter(|connection| is(connection)).count()
        };
        Load {
            connections: self.connections.len(),
            streams: count(|each| each.talk.is_streaming() && !each.talk.is_waiting()),
            waiting: count(|connection| connection.talk.is_waiting()),
            asked: count(|connection| connection.talk.asked().is_some()),
        }
    }

    fn accept(&mut self, poller: &Poller, now: Duration) {
        if self.paused.is_some_and(|until| now >= until) {
            self.paused = None;
        }
        for index in 0..self.doors.len() {
            let is_ready = |(_, slot): &(Door, Option<Slot>)| {
                slot.is_some_and(|slot| poller.ready(slot).any())
            };
            if self.doors.get(index).is_some_and(is_ready) {
                self.accept_at(index, now);
            }
        }
    }

    fn accept_at(&mut self, door: usize, now: Duration) {
        for _ in 0..MAX_ACCEPTED {
            let Some((door, _)) = self.doors.get(door) else { return };
            match door.accept() {
                Ok(socket) => self.welcome(socket, now),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::ConnectionReset => {}
                    // Out of descriptors or memory. Without a pause, an error that stays would
                    // keep PID 1 busy for ever.
                    _ if self.make_room() => {}
                    _ => {
                        self.paused = Some(now + PAUSE);
                        return;
                    }
                },
            }
        }
    }

    fn welcome(&mut self, socket: Socket, now: Duration) {
        if self.connections.len() >= MAX_CONNECTIONS && !self.make_room() {
            return;
        }
        self.next_id += 1;
        // One that can't be set up is closed.
        self.connections.extend(Connection::new(self.next_id, socket, now));
    }

    /// Closes the connection that is missed least; says whether there was one.
    fn make_room(&mut self) -> bool {
        let expendable = self
            .connections
            .iter()
            .enumerate()
            .filter_map(|(index, connection)| Some((connection.talk.expendable()?, index)));
        let Some((_, index)) = expendable.min() else { return false };
        // Not swapped: of two that came at the same time, the older one stands first.
        drop(self.connections.remove(index));
        true
    }

    /// Tells the streams of something that happened.
    pub(crate) fn tell(&mut self, event: &Event) {
        self.desk.journal.push(event, self.now);
        self.news |= self.connections.iter().any(|connection| connection.talk.is_streaming());
    }

    /// Answers a command. Nobody may be there any more to hear it.
    pub(crate) fn reply(&mut self, ticket: Ticket, answer: Answer) {
        let mut connections = self.connections.iter_mut();
        let Some(connection) = connections.find(|each| each.id == ticket.connection) else {
            return;
        };
        if connection.talk.awaits(ticket.sequence)
            && let Some(route) = connection.talk.asked()
        {
            self.desk.requests.count(route, answer.status);
            let moment = Moment { now: self.now, time: View::now() };
            connection.talk.answer(answer, moment);
        }
    }

    /// Answers a command by telling how it goes with `tool`, until it is there or will not come.
    pub(crate) fn tell_of(&mut self, ticket: Ticket, tool: ToolName) {
        let mut connections = self.connections.iter_mut();
        let awaits = |each: &&mut Connection| {
            each.id == ticket.connection && each.talk.awaits(ticket.sequence)
        };
        if let Some(connection) = connections.find(awaits) {
            let moment = Moment { now: self.now, time: View::now() };
            self.desk.wait_for(tool, connection, moment);
            self.news = true;
        }
    }

    /// Says goodbye to the streams, and closes every connection after its answer. Who asks from
    /// now on is still answered.
    pub(crate) fn shutdown(&mut self) {
        self.desk.closing = true;
        self.news = true;
        for connection in &mut self.connections {
            connection.talk.finish();
        }
    }

    /// Gives clients at most so long to take what is on its way to them. For the end: it waits.
    pub(crate) fn flush(&mut self, view: &View, within: Duration) {
        let until = Instant::now() + within;
        let mut poller = Poller::default();
        loop {
            let moment = Moment { now: view.elapsed(), time: View::now() };
            for connection in &mut self.connections {
                self.desk.serve(connection, view, moment, &mut Vec::new());
            }
            self.connections.retain(|connection| connection.talk.is_pending());
            let left = until.saturating_duration_since(Instant::now());
            if self.connections.is_empty() || left.is_zero() {
                return;
            }
            poller.clear();
            for connection in &mut self.connections {
                connection.watch(&mut poller);
            }
            if poller.wait(Some(left)).is_err() {
                return;
            }
        }
    }

    /// Connections, and bytes kept for them.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        let memory = self.connections.iter().map(|connection| connection.talk.memory()).sum();
        (self.connections.len(), memory)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;

    use lightship_model::status::Status;

    use super::*;

    #[test]
    fn nothing_is_due_while_nobody_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let view = View::new(Status::default(), std::collections::BTreeMap::new());
        let mut http = Http::new(Some(listener), None, Access::default()).unwrap();
        let mut poller = Poller::default();
        let mut turn = |http: &mut Http, seconds: u64| {
            let now = Duration::from_secs(seconds);
            poller.clear();
            http.watch(&mut poller, now);
            poller.wait(Some(Duration::from_millis(50))).unwrap();
            http.turn(&poller, &view, now);
            http.deadline()
        };
        assert_eq!(turn(&mut http, 0), None);
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        while http.desk.load.connections == 0 {
            turn(&mut http, 5);
        }
        // Idle from now on.
        assert_eq!(turn(&mut http, 6), Some(Duration::from_secs(35)));
        assert_eq!(turn(&mut http, 35), None);
        assert_eq!(http.size(), (0, 0));
    }
}
