//! What is said on one connection: requests come in as bytes in any pieces, answers go out, and
//! everything has its time. No socket here: [`super::connection`] carries the bytes.

use std::borrow::Cow;
use std::io::IoSlice;
use std::time::Duration;

use lightship_model::health::Rights;
use lightship_model::name::ToolName;

use super::access::Peer;
use super::answer::{Answer, Version};
use super::journal::Id;
use super::request::{MAX_HEAD, Method, Parsed, Refusal, Request, parse};
use super::routes::Route;
use crate::poller::Wanted;
use crate::view::Moment;

/// A request has to be there so long after its first byte, and after the connection was made.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// A connection on which nothing more is asked is closed after this time.
const IDLE: Duration = Duration::from_secs(30);
/// A client that takes nothing of its answer for so long does not want it.
const TAKES_WITHIN: Duration = Duration::from_secs(10);
/// A command that has no answer by then is answered with that.
const CARRIED_OUT_WITHIN: Duration = Duration::from_secs(30);
/// A client that was refused gets so long to stop sending, so that it sees why.
const LINGER: Duration = Duration::from_secs(1);
/// A stream without events says that it is alive so often.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How the request that is being answered wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Manner {
    version: Version,
    keep_alive: bool,
    /// Only the head is wanted.
    bare: bool,
}

/// A stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    /// How far the client has been told, if it has.
    pub(super) told: Option<Id>,
    pub(super) rights: Rights,
}

/// What a stream is about that tells of one tool alone, to somebody who waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) tool: ToolName,
    /// What was said last: nothing is said twice.
    pub(super) said: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waits for a request or the rest of one.
    Listening,
    /// A command is being carried out. Nothing is read meanwhile.
    Asked {
        sequence: u64,
        route: Route,
    },
    Streaming(Stream),
    /// The last answer is on its way.
    Parting {
        linger: bool,
    },
    /// Everything is said; what still comes is thrown away.
    Lingering,
    Over,
}

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) peer: Peer,
    stage: Stage,
    /// With a stream: that it tells of this alone.
    waiting: Option<Waiting>,
    /// When what is waited for began.
    since: Duration,
    input: Vec<u8>,
    /// Bytes of a body that are still to come, and are thrown away.
    skip: usize,
    manner: Manner,
    text: Vec<u8>,
    /// Goes out behind `text`.
    page: &'static str,
    written: usize,
    /// Requests that were answered.
    answered: u64,
    /// The client will not say more.
    ended: bool,
    /// No request is taken after the one that is being answered.
    last: bool,
}

impl Conversation {
    pub(super) fn new(peer: Peer, now: Duration) -> Self {
        let manner = Manner { version: Version::Http11, keep_alive: false, bare: false };
        Self {
            peer,
            stage: Stage::Listening,
            waiting: None,
            since: now,
            input: Vec::new(),
            skip: 0,
            manner,
            text: Vec::new(),
            page: "",
            written: 0,
            answered: 0,
            ended: false,
            last: false,
        }
    }

    /// What is waited for on the connection.
    pub(super) fn wants(&self) -> Wanted {
        match (self.stage, self.is_pending()) {
            (Stage::Streaming(_), true) => Wanted::Both,
            (Stage::Asked { .. }, false) => Wanted::Hangup,
            (_, true) => Wanted::Write,
            (_, false) => Wanted::Read,
        }
    }

    /// How many bytes are taken now.
    pub(super) fn room(&self) -> usize {
        match self.stage {
            Stage::Listening if !self.is_pending() => {
                (MAX_HEAD + self.skip).saturating_sub(self.input.len())
            }
            Stage::Streaming(_) | Stage::Lingering => MAX_HEAD,
            Stage::Listening | Stage::Asked { .. } | Stage::Parting { .. } | Stage::Over => 0,
        }
    }

    /// Takes bytes in that came.
    pub(super) fn hear(&mut self, bytes: &[u8], now: Duration) {
        // Who streams or was refused has nothing to say.
        if self.stage != Stage::Listening {
            return;
        }
        if self.input.is_empty() && self.answered > 0 && self.skip == 0 {
            self.since = now;
        }
        let (skipped, rest) = bytes.split_at(self.skip.min(bytes.len()));
        self.skip -= skipped.len();
        self.input.extend_from_slice(rest);
    }

    /// The client has closed its side.
    pub(super) fn hear_end(&mut self) {
        self.ended = true;
        match self.stage {
            // What it asked before is still answered.
            Stage::Listening if self.is_pending() || !self.input.is_empty() => {}
            Stage::Asked { .. } | Stage::Parting { .. } => {}
            Stage::Listening | Stage::Streaming(_) | Stage::Lingering | Stage::Over => self.end(),
        }
    }

    /// The next request, once it is there and the one before it has been answered. A request
    /// that can't be taken is answered here; the answer's status is left in `refused`.
    pub(super) fn next_request(
        &mut self,
        moment: Moment,
        refused: &mut Option<u16>,
    ) -> Option<Request> {
        if self.stage != Stage::Listening || self.is_pending() || self.skip > 0 {
            return None;
        }
        match parse(&self.input) {
            Parsed::Partial if self.ended => self.end(),
            Parsed::Partial => {}
            Parsed::Whole { request, length } => {
                self.take(length + request.body);
                self.manner = Manner {
                    version: if request.old { Version::Http10 } else { Version::Http11 },
                    keep_alive: request.keep_alive,
                    bare: request.method == Method::Head,
                };
                self.since = moment.now;
                return Some(request);
            }
            Parsed::Bad(refusal) => {
                *refused = Some(refusal.status);
                self.refuse(refusal, moment);
            }
        }
        None
    }

    /// Drops the first `count` bytes of the input, those too that have not come yet.
    fn take(&mut self, count: usize) {
        let here = count.min(self.input.len());
        self.skip = count - here;
        self.input.drain(..here);
        if self.input.is_empty() {
            // An idle connection costs nothing.
            self.input = Vec::new();
        }
    }

    fn refuse(&mut self, refusal: Refusal, moment: Moment) {
        self.manner = Manner { version: Version::Http11, keep_alive: false, bare: false };
        self.input = Vec::new();
        self.answer(Answer::error(refusal.status, refusal.why), moment);
        self.stage = Stage::Parting { linger: true };
    }

    /// Answers the request that was taken last.
    pub(super) fn answer(&mut self, answer: Answer, moment: Moment) {
        let keep_alive = self.manner.keep_alive && !self.last && !self.ended_early();
        self.text = answer.head(moment.time, self.manner.version, keep_alive).into_bytes();
        match answer.body {
            _ if self.manner.bare => {}
            Cow::Borrowed(page) => self.page = page,
            Cow::Owned(text) => self.text.extend_from_slice(text.as_bytes()),
        }
        self.answered += 1;
        self.since = moment.now;
        // With bytes on the way that nobody will read, closing at once would take the answer
        // back from the client.
        let unread = self.skip > 0 || !self.input.is_empty();
        self.stage = if keep_alive { Stage::Listening } else { Stage::Parting { linger: unread } };
    }

    /// The client has closed its side, and nothing of what it said is left.
    fn ended_early(&self) -> bool {
        self.ended && self.input.is_empty()
    }

    /// A command was passed on; the answer comes later.
    pub(super) fn ask(&mut self, sequence: u64, route: Route, now: Duration) {
        self.stage = Stage::Asked { sequence, route };
        self.since = now;
    }

    /// Whether the answer to this command is still wanted.
    pub(super) fn awaits(&self, sequence: u64) -> bool {
        matches!(self.stage, Stage::Asked { sequence: awaited, .. } if awaited == sequence)
    }

    /// The route of the command that is being carried out.
    pub(super) fn asked(&self) -> Option<Route> {
        match self.stage {
            Stage::Asked { route, .. } => Some(route),
            _ => None,
        }
    }

    /// Answers with the head of a stream, which stays open.
    pub(super) fn stream(&mut self, head: Answer, stream: Stream, moment: Moment) {
        self.manner.keep_alive = false;
        let bare = self.manner.bare;
        self.answer(head, moment);
        if !bare {
            self.input = Vec::new();
            self.stage = Stage::Streaming(stream);
        }
    }

    /// The stream tells how it goes with `tool`, and of nothing else.
    pub(super) fn wait_for(&mut self, tool: ToolName) {
        self.waiting = Some(Waiting { tool, said: String::new() });
    }

    pub(super) fn waiting(&mut self) -> Option<&mut Waiting> {
        self.waiting.as_mut()
    }

    /// Whether it is a stream for somebody who waits for a tool.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_streaming() && self.waiting.is_some()
    }

    pub(super) fn streaming(&mut self) -> Option<&mut Stream> {
        match &mut self.stage {
            Stage::Streaming(stream) => Some(stream),
            _ => None,
        }
    }

    pub(super) fn is_streaming(&self) -> bool {
        matches!(self.stage, Stage::Streaming(_))
    }

    /// Adds to a stream.
    pub(super) fn say(&mut self, text: &str, now: Duration) {
        if !self.is_pending() {
            self.clear_output();
            self.since = now;
        }
        // A client that is always a little behind must not make this grow.
        self.text.drain(..self.written.min(self.text.len()));
        self.written = 0;
        self.text.extend_from_slice(text.as_bytes());
    }

    /// Ends a stream once it is written.
    pub(super) fn part(&mut self) {
        if self.is_streaming() {
            self.stage =
                if self.is_pending() { Stage::Parting { linger: false } } else { Stage::Over };
        }
    }

    /// No further request is taken here.
    pub(super) fn finish(&mut self) {
        self.last = true;
        self.manner.keep_alive = false;
        if self.stage == Stage::Listening && self.input.is_empty() {
            self.stage =
                if self.is_pending() { Stage::Parting { linger: false } } else { Stage::Over };
        }
    }

    /// What is to be written.
    pub(super) fn pending(&self) -> [IoSlice<'_>; 2] {
        let text = self.text.get(self.written..).unwrap_or_default();
        let page = self.written.saturating_sub(self.text.len());
        let page = self.page.as_bytes().get(page..).unwrap_or_default();
        [IoSlice::new(text), IoSlice::new(page)]
    }

    pub(super) fn is_pending(&self) -> bool {
        self.unwritten() > 0
    }

    /// Bytes that are to be written.
    pub(super) fn unwritten(&self) -> usize {
        (self.text.len() + self.page.len()).saturating_sub(self.written)
    }

    /// So many bytes of it were written.
    pub(super) fn wrote(&mut self, count: usize, now: Duration) {
        self.written += count;
        if count > 0 {
            self.since = now;
        }
        if self.is_pending() {
            return;
        }
        self.clear_output();
        match self.stage {
            Stage::Parting { linger: true } => self.stage = Stage::Lingering,
            Stage::Parting { linger: false } => self.end(),
            Stage::Listening if self.ended_early() => self.end(),
            Stage::Listening
            | Stage::Asked { .. }
            | Stage::Streaming(_)
            | Stage::Lingering
            | Stage::Over => {}
        }
    }

    fn clear_output(&mut self) {
        self.text = Vec::new();
        self.page = "";
        self.written = 0;
    }

    /// Ends it, whatever was still to be said.
    pub(super) fn end(&mut self) {
        self.stage = Stage::Over;
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Whether the sending side is to be closed, with the other still open.
    pub(super) fn is_lingering(&self) -> bool {
        self.stage == Stage::Lingering
    }

    /// When it is time for [`Self::expire`].
    pub(super) fn deadline(&self) -> Option<Duration> {
        let limit = match self.stage {
            Stage::Over => return None,
            _ if self.is_pending() => TAKES_WITHIN,
            Stage::Listening if self.is_idle() => IDLE,
            Stage::Listening | Stage::Parting { .. } => HEAD_WITHIN,
            Stage::Asked { .. } => CARRIED_OUT_WITHIN,
            Stage::Streaming(_) => HEARTBEAT,
            Stage::Lingering => LINGER,
        };
        Some(self.since + limit)
    }

    /// Between two requests.
    fn is_idle(&self) -> bool {
        self.answered > 0 && self.input.is_empty() && self.skip == 0
    }

    /// Does what is due when the deadline has come; says whether it has.
    pub(super) fn expire(&mut self, moment: Moment) -> bool {
        if self.deadline().is_none_or(|deadline| moment.now < deadline) {
            return false;
        }
        match self.stage {
            _ if self.is_pending() => self.end(),
            Stage::Listening if !self.input.is_empty() => {
                let why = "the request was not there within 10 s";
                self.refuse(Refusal { status: 408, why }, moment);
            }
            Stage::Asked { .. } => {
                let why = "that is not done yet; /health?full=true shows what became of it";
                self.answer(Answer::error(504, why), moment);
            }
            Stage::Streaming(_) => self.say(": still here\n\n", moment.now),
            Stage::Listening | Stage::Parting { .. } | Stage::Lingering | Stage::Over => self.end(),
        }
        true
    }

    /// How little would be lost if this ended to make room, smallest first: what is over but for
    /// good manners, what is idle, what has not asked, what does not take its answer; of these
    /// the oldest. Who waits for a tool asks again when it has to go. Commands and other streams
    /// stay.
    pub(super) fn expendable(&self) -> Option<(u8, Duration)> {
        let rank = match self.stage {
            Stage::Over | Stage::Lingering => 0,
            Stage::Listening | Stage::Parting { .. } if self.is_pending() => 3,
            Stage::Listening if self.is_idle() => 1,
            Stage::Listening | Stage::Parting { .. } => 2,
            Stage::Streaming(_) if self.is_waiting() => 4,
            Stage::Asked { .. } | Stage::Streaming(_) => return None,
        };
        Some((rank, self.since))
    }

    /// Bytes that are kept for this connection.
    #[cfg(any(test, fuzzing))]
    pub(super) fn memory(&self) -> usize {
        let said = self.waiting.as_ref().map_or(0, |waiting| waiting.said.capacity());
        self.input.capacity() + self.text.capacity() + said
    }
}

#[cfg(test)]
mod tests;
