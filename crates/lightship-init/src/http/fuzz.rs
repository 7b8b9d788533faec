//! What has to hold for a whole conversation, whatever comes in, and for the journal, whatever
//! happens.

mod answers;
mod journal;

use std::io::IoSlice;
use std::time::Duration;

use lightship_model::event::{Event, PlannedTool, ToolChange, What};
use lightship_model::health::Rights;
use lightship_model::state::ToolStatus;
use lightship_model::status::Status;
use lightship_model::time::Timestamp;

use self::answers::Expected;
pub(crate) use self::journal::journal;
use super::access::{Access, Details, Peer, Token};
use super::answer::{Answer, EVENT_STREAM};
use super::conversation::{Conversation, Stream};
use super::request::{MAX_BODY, MAX_HEAD, Method, Parsed, Request, parse};
use super::routes::{Outcome, decide};
use crate::fuzz::pieces;
use crate::view::{Moment, View};

/// Only for those who may see details: no name of a tool, so no request can say it.
const SECRET: &str = "the key is under the mat";
const TOKEN: &str = "sesame-open-now!";
/// What one connection may take up, in bytes: nothing here answers with more than half of it.
const MAX_MEMORY: usize = 64 * 1024;

/// Reads `bytes` as what a client sends: at once, in pieces, and with its side closed early.
pub(crate) fn conversation(bytes: &[u8]) {
    let (heads, taken) = framing(bytes);
    assert!(taken <= bytes.len() + MAX_BODY, "{taken} bytes were taken");
    for peer in [Peer::Control { trusted: true, caller: None }, Peer::Network { loopback: false }] {
        let whole = talk(&[bytes], peer, false);
        answers::are_well_formed(&whole.text, &whole.expected);
        assert!(whole.expected.len() <= heads, "{heads} heads, {:?}", whole.expected);
        let cut = talk(&pieces(bytes, 16), peer, false);
        assert_eq!(whole.shown(), cut.shown(), "pieces make a difference");
        let early = talk(&[bytes], peer, true);
        answers::are_well_formed(&early.text, &early.expected);
        assert_eq!(whole.statuses(), early.statuses(), "an early end makes a difference");
    }
}

/// How many heads there are up to the first that is none (it counts), and how many bytes the
/// requests take, with their bodies.
fn framing(bytes: &[u8]) -> (usize, usize) {
    let (mut heads, mut at) = (0, 0);
    while let Some(rest) = bytes.get(at..) {
        match parse(rest) {
            Parsed::Partial => break,
            Parsed::Bad(refusal) => {
                assert!((400..=505).contains(&refusal.status));
                return (heads + 1, at);
            }
            Parsed::Whole { request, length } => {
                let (head, _) = rest.split_at_checked(length).unwrap_or_default();
                assert!(head.ends_with(b"\n") && length <= MAX_HEAD && request.body <= MAX_BODY);
                assert_eq!(parse(head), Parsed::Whole { request: request.clone(), length });
                assert_eq!(parse(&head[..length - 1]), Parsed::Partial, "it ends earlier");
                heads += 1;
                at += length + request.body;
            }
        }
    }
    (heads, at)
}

/// What was said on one connection.
struct Talked {
    text: Vec<u8>,
    expected: Vec<Expected>,
}

impl Talked {
    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }

    fn statuses(&self) -> Vec<u16> {
        self.expected.iter().map(|expected| expected.status).collect()
    }
}

/// A desk without a socket: it gives each request its answer.
struct Desk {
    talk: Conversation,
    view: View,
    access: Access,
    moment: Moment,
    sequence: u64,
    talked: Talked,
}

fn talk(input: &[&[u8]], peer: Peer, end_early: bool) -> Talked {
    let moment = Moment { now: Duration::ZERO, time: Timestamp::from_millis(0) };
    let mut desk = Desk {
        talk: Conversation::new(peer, Duration::ZERO),
        view: view(),
        access: Access { details: Details::Token, token: Some(Token::new(TOKEN)) },
        moment,
        sequence: 0,
        talked: Talked { text: Vec::new(), expected: Vec::new() },
    };
    for piece in input {
        desk.hear(piece);
    }
    if end_early {
        // Nothing was read yet of what fits: see `hear`.
        desk.talk.hear_end();
    }
    desk.serve();
    desk.talk.hear_end();
    desk.serve();
    let Desk { talk, talked, .. } = desk;
    let quiet = talk.is_over() || talk.is_lingering();
    assert!(quiet && !talk.is_pending(), "the client is gone, the conversation goes on");
    talked
}

fn view() -> View {
    let change = ToolChange::new(name("rust"), ToolStatus::Failed);
    let tool = PlannedTool {
        change: ToolChange { error: Some(SECRET.to_owned()), ..change },
        source: SECRET.to_owned(),
        priority: 1,
        requires: Vec::new(),
        on_demand: false,
        estimate_ms: None,
    };
    let mut status = Status::expecting([tool]);
    let warning = What::Warning { message: SECRET.to_owned() };
    for what in [warning, What::ServiceStarted { pid: 7, command: vec![SECRET.to_owned()] }] {
        status.apply(&Event::new(Timestamp::from_millis(0), what));
    }
    View::new(status, [].into())
}

fn name(text: &str) -> lightship_model::name::ToolName {
    let Ok(name) = text.parse() else { panic!("{text} is no name") };
    name
}

impl Desk {
    /// Takes `bytes` in, as much at a time as there is room for. What fits is not looked at
    /// before the next piece comes.
    fn hear(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.talk.room() == 0 {
                self.serve();
            }
            let room = self.talk.room();
            if room == 0 {
                assert!(self.talk.is_over(), "it neither listens nor speaks");
                return;
            }
            let (heard, rest) = bytes.split_at(room.min(bytes.len()));
            self.talk.hear(heard, Duration::ZERO);
            bytes = rest;
            self.fits();
        }
        if self.talk.room() == 0 {
            self.serve();
        }
    }

    fn fits(&self) {
        let memory = self.talk.memory();
        assert!(memory <= MAX_MEMORY, "{memory} bytes for one connection");
        assert!(self.talk.is_pending() || memory <= 2 * MAX_HEAD, "{memory} bytes of a request");
    }

    /// Answers until there is nothing to answer.
    fn serve(&mut self) {
        loop {
            self.write();
            let mut refused = None;
            let request = self.talk.next_request(self.moment, &mut refused);
            if let Some(status) = refused {
                self.talked.expected.push(Expected::refusal(status));
            }
            match request {
                Some(request) => self.answer(&request),
                None if self.talk.is_pending() => {}
                None => return,
            }
        }
    }

    fn answer(&mut self, request: &Request) {
        let rights = self.access.rights(self.talk.peer, request);
        let (route, outcome) = decide(request, rights, true, &self.view, self.moment.time);
        let expect = |status, stream| Expected {
            status,
            old: request.old,
            bare: request.method == Method::Head,
            stream,
        };
        match outcome {
            Outcome::Answer(answer) => {
                if !rights.details {
                    assert!(!answer.body.contains(SECRET), "{} tells it", request.path);
                }
                self.talked.expected.push(expect(answer.status, false));
                self.talk.answer(answer, self.moment);
            }
            Outcome::Metrics(format) => {
                self.talked.expected.push(expect(200, false));
                self.talk.answer(Answer::new(200, format.content_type(), "a 1\n"), self.moment);
            }
            Outcome::Stream => {
                self.talked.expected.push(expect(200, true));
                let head = Answer::new(200, EVENT_STREAM, "retry: 2000\n\n");
                let stream = Stream { told: request.last_event_id, rights };
                self.talk.stream(head, stream, self.moment);
            }
            Outcome::Ask(_) => {
                // A log is shown, and anything else is changed.
                let Rights { details, control } = rights;
                assert!(control || details && route.as_str().ends_with("log"));
                self.sequence += 1;
                self.talk.ask(self.sequence, route, Duration::ZERO);
                assert!(self.talk.awaits(self.sequence) && self.talk.room() == 0);
                self.talked.expected.push(expect(202, false));
                self.talk.answer(Answer::done(), self.moment);
            }
        }
        self.fits();
    }

    /// Writes in two halves: an answer may go out in any pieces.
    fn write(&mut self) {
        while self.talk.is_pending() {
            let pending: Vec<u8> = self.talk.pending().iter().flat_map(bytes).copied().collect();
            let half = pending.len().div_ceil(2);
            self.talked.text.extend_from_slice(pending.get(..half).unwrap_or_default());
            self.talk.wrote(half, Duration::ZERO);
        }
    }
}

fn bytes<'a>(slice: &'a IoSlice<'_>) -> &'a [u8] {
    slice
}
