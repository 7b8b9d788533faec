//! Where requests are dealt with: the routes decide, and what they want is done here.

use std::env::consts;

use lightship_model::health::{Rights, full_health};
use lightship_model::metrics;
use lightship_model::metrics::{EVENT_CLIENTS, Exposition, HTTP_CONNECTIONS, Writer};
use lightship_model::name::ToolName;
use lightship_model::time::Timestamp;

use super::access::Access;
use super::answer::{Answer, EVENT_STREAM};
use super::command::{Asked, Command, Ticket};
use super::connection::Connection;
use super::conversation::Stream;
use super::journal::{Journal, frame};
use super::process;
use super::request::Request;
use super::requests::Requests;
use super::routes::{Outcome, Route, decide};
use crate::poller::Ready;
use crate::view::{Moment, View};

/// More streams of events than this are refused.
const MAX_STREAMS: usize = 128;
/// More clients than this that wait for a tool are told to ask again in a moment.
pub(super) const MAX_WAITING: usize = 160;
/// More commands than this at once are refused.
const MAX_ASKED: usize = 16;
/// Requests of one connection that are answered in one turn: others want theirs too.
const MAX_AT_ONCE: usize = 16;
/// A stream is filled up to here, in bytes, and then waits for its client.
const STREAM_FILL: usize = 16 * 1024;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) access: Access,
    pub(super) journal: Journal,
    pub(super) requests: Requests,
    /// Numbers commands, so that an answer that comes late does not go to the next one.
    sequence: u64,
    pub(super) load: Load,
    /// Everything is about to end.
    pub(super) closing: bool,
}

/// How much is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) connections: usize,
    pub(super) streams: usize,
    pub(super) asked: usize,
    pub(super) waiting: usize,
}

impl Desk {
    pub(super) fn new(access: Access, journal: Journal) -> Self {
        Self {
            access,
            journal,
            requests: Requests::default(),
            sequence: 0,
            load: Load::default(),
            closing: false,
        }
    }

    /// Gives a connection its turn.
    pub(super) fn look_after(
        &mut self,
        connection: &mut Connection,
        ready: Ready,
        view: &View,
        moment: Moment,
        asked: &mut Vec<Asked>,
    ) {
        if ready.readable && connection.talk.room() > 0 {
            connection.read(moment.now);
        } else if ready.gone {
            connection.talk.end();
        }
        let fillable = connection.talk.is_streaming() && !connection.talk.is_pending();
        if ready.any() || connection.backlog || fillable {
            self.serve(connection, view, moment, asked);
        }
        let was_asked = connection.talk.asked();
        if connection.talk.expire(moment) {
            if let Some(route) = was_asked {
                self.requests.count(route, 504);
            }
            connection.write(moment.now);
        }
    }

    /// Answers what was asked on `connection`, as far as its client takes the answers.
    pub(super) fn serve(
        &mut self,
        connection: &mut Connection,
        view: &View,
        moment: Moment,
        asked: &mut Vec<Asked>,
    ) {
        let now = moment.now;
        connection.backlog = false;
        connection.write(now);
        for _ in 0..MAX_AT_ONCE {
            if connection.talk.is_streaming() {
                return self.fill(connection, view, moment);
            }
            let mut refused = None;
            let request = connection.talk.next_request(moment, &mut refused);
            if let Some(status) = refused {
                self.requests.count(Route::Other, status);
            }
            let Some(request) = request else {
                return connection.write(now);
            };
            asked.extend(self.deal_with(&request, connection, view, moment));
            connection.write(now);
        }
        connection.backlog = true;
    }

    fn deal_with(
        &mut self,
        request: &Request,
        connection: &mut Connection,
        view: &View,
        moment: Moment,
    ) -> Option<Asked> {
        let rights = self.access.rights(connection.talk.peer, request);
        let (route, outcome) =
            decide(request, rights, self.access.token.is_some(), view, moment.time);
        let answer = match outcome {
            Outcome::Answer(answer) => answer,
            Outcome::Metrics(format) => self.metrics(format, view, moment.time),
            Outcome::Stream if self.load.streams >= MAX_STREAMS => {
                Answer::error(503, "too many clients read events already").with("Retry-After", "10")
            }
            Outcome::Stream => {
                self.requests.count(route, 200);
                self.load.streams += 1;
                self.stream(request, rights, connection, moment);
                return None;
            }
            Outcome::Ask(Command::Wait { .. }) if self.load.waiting >= MAX_WAITING => {
                Answer::error(503, "too many wait for tools already").with("Retry-After", "1")
            }
            Outcome::Ask(what @ Command::Wait { .. }) => {
                self.load.waiting += 1;
                return Some(self.ask(what, route, connection, moment));
            }
            Outcome::Ask(_) if self.load.asked >= MAX_ASKED => {
                Answer::error(503, "too many commands are being carried out")
                    .with("Retry-After", "1")
            }
            Outcome::Ask(what) => {
                self.load.asked += 1;
                return Some(self.ask(what, route, connection, moment));
            }
        };
        self.requests.count(route, answer.status);
        connection.talk.answer(answer, moment);
        None
    }

    fn ask(
        &mut self,
        what: Command,
        route: Route,
        connection: &mut Connection,
        moment: Moment,
    ) -> Asked {
        self.sequence += 1;
        let sequence = self.sequence;
        connection.talk.ask(sequence, route, moment.now);
        let by = connection.talk.peer.shown();
        Asked { ticket: Ticket { connection: connection.id, sequence }, what, by }
    }

    fn metrics(&self, format: Exposition, view: &View, now: Timestamp) -> Answer {
        let started = view.started(now);
        let mut out = Writer::new(format);
        let target = format!("{}-{}", consts::ARCH, consts::OS);
        metrics::write(&mut out, &view.status.borrow(), &target, started, now);
        view.counters.borrow().write(&mut out);
        self.requests.write(&mut out);
        out.count(&HTTP_CONNECTIONS, &[], count(self.load.connections));
        out.count(&EVENT_CLIENTS, &[], count(self.load.streams));
        process::write(&mut out, started);
        Answer::new(200, format.content_type(), out.finish()).with("Vary", "Accept")
    }

    /// Begins a stream of events.
    fn stream(
        &self,
        request: &Request,
        rights: Rights,
        connection: &mut Connection,
        moment: Moment,
    ) {
        let head = stream_head("retry: 2000\n\n");
        let told = request.last_event_id.filter(|id| self.journal.reaches(*id));
        connection.bound_kernel_buffer();
        connection.talk.stream(head, Stream { told, rights }, moment);
    }

    /// Begins to tell of one tool.
    pub(super) fn wait_for(&mut self, tool: ToolName, connection: &mut Connection, moment: Moment) {
        self.requests.count(Route::Wait, 200);
        let rights = Rights { details: true, control: true };
        connection.bound_kernel_buffer();
        connection.talk.stream(stream_head(""), Stream { told: None, rights }, moment);
        connection.talk.wait_for(tool);
    }

    /// Tells who waits for a tool how it stands, where that is news; whoever reads slowly is told
    /// the newest only.
    fn fill_waiting(&self, connection: &mut Connection, view: &View, moment: Moment) {
        let now = moment.now;
        connection.write(now);
        let talk = &mut connection.talk;
        let newest = self.journal.newest();
        if talk.is_pending() {
            return;
        }
        let Some(stream) = talk.streaming() else { return };
        if stream.told == Some(newest) && !self.closing {
            return;
        }
        stream.told = Some(newest);
        let Some(waiting) = talk.waiting() else { return };
        let outlook = view.outlook(&waiting.tool);
        // Strings, numbers and maps with string keys always serialise.
        let said = serde_json::to_string(&outlook).unwrap_or_default();
        if waiting.said != said {
            let text = frame(None, "wait", &said);
            waiting.said = said;
            talk.say(&text, now);
        }
        if outlook.end.is_some() || self.closing {
            talk.part();
        }
        connection.write(now);
    }

    /// Tells a stream what it does not know yet, as far as its client takes it.
    fn fill(&self, connection: &mut Connection, view: &View, moment: Moment) {
        let now = moment.now;
        if connection.talk.is_waiting() {
            return self.fill_waiting(connection, view, moment);
        }
        loop {
            connection.write(now);
            let talk = &mut connection.talk;
            let pending = talk.unwritten();
            let Some(stream) = talk.streaming() else { return };
            if pending >= STREAM_FILL {
                return;
            }
            let (id, text) = match stream.told.filter(|id| self.journal.reaches(*id)) {
                None => (self.journal.newest(), self.snapshot(stream.rights, view, moment.time)),
                Some(told) => match self.journal.after(told, stream.rights.details) {
                    Some((id, text)) => (id, text.to_owned()),
                    None if self.closing => {
                        talk.say(&frame(None, "shutdown", "{}"), now);
                        talk.part();
                        return connection.write(now);
                    }
                    None => return,
                },
            };
            stream.told = Some(id);
            talk.say(&text, now);
        }
    }

    fn snapshot(&self, rights: Rights, view: &View, now: Timestamp) -> String {
        let status = view.status.borrow();
        let control = view.about.control.as_deref();
        let document =
            full_health(&status, &view.capabilities, view.started(now), now, rights, control);
        // Strings, numbers and maps with string keys always serialise.
        let data = serde_json::to_string(&document).unwrap_or_default();
        frame(Some(self.journal.newest()), "snapshot", &data)
    }
}

fn stream_head(text: &str) -> Answer {
    Answer::new(200, EVENT_STREAM, text.to_owned())
        .with("Cache-Control", "no-cache")
        // Or a proxy collects events until it has enough of them.
        .with("X-Accel-Buffering", "no")
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
