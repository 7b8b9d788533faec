//! What a download does next: a state and what just happened give one action. No clock, no
//! connection; `download` performs.
//!
//! An attempt that brought bytes nobody had seen before is progress and costs nothing; without
//! progress there are five more, then the download gives up and keeps its part.

use std::time::Duration;

use super::head::{Head, Validator};

/// Requests without progress after the first.
const PATIENCE: u32 = 5;
/// The pause before the first of them; it doubles with each.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A server that asks for more is asked again after this.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(10);

/// What is known in advance of the file that is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Want {
    pub(super) size: Option<u64>,
    /// A larger file is not wanted, whatever it is.
    pub(super) limit: Option<u64>,
    /// Whether a digest will tell a wrong file from the right one.
    pub(super) has_digest: bool,
}

impl Want {
    /// The most bytes that may come.
    pub(super) fn most(&self) -> u64 {
        self.size.or(self.limit).unwrap_or(u64::MAX)
    }
}

/// What just happened.
#[derive(Debug)]
pub(super) enum Event {
    /// It begins, or a pause is over.
    Begin,
    /// No answer came.
    NoAnswer {
        reason: String,
        passes: bool,
    },
    Answer(Head),
    /// A body came to its end, well or not.
    Body {
        have: u64,
        broke: Option<String>,
    },
    /// The whole file is there, and its digest is another one.
    WrongDigest,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Ask {
        from: u64,
        if_range: Option<String>,
    },
    /// Keep what is there up to `from`, write the body behind it.
    Take {
        from: u64,
        total: Option<u64>,
        validator: Option<Validator>,
    },
    Wait {
        pause: Duration,
        reason: String,
    },
    Done,
    /// The digest is wrong, and getting the file anew would not help.
    Refuse,
    GiveUp {
        reason: String,
        retry_can_help: bool,
    },
}

/// One download.
#[derive(Debug)]
pub(super) struct Transfer {
    want: Want,
    have: u64,
    total: Option<u64>,
    validator: Option<Validator>,
    /// Where the last request began.
    from: u64,
    /// The most bytes that were ever there: only what goes beyond is progress.
    best: u64,
    fruitless: u32,
    /// Some of the bytes are of an earlier answer.
    resumed: bool,
    /// Ranges lead nowhere with this server: the whole file or nothing.
    whole: bool,
}

impl Transfer {
    /// A download of which `have` bytes are there, of a file that had `total` and `validator`.
    pub(super) fn new(
        want: Want,
        have: u64,
        total: Option<u64>,
        validator: Option<Validator>,
    ) -> Self {
        let total = want.size.or(total);
        let have = if total.is_some_and(|total| have > total) { 0 } else { have };
        Self {
            want,
            have,
            total,
            validator,
            from: 0,
            best: have,
            fruitless: 0,
            resumed: have > 0,
            whole: false,
        }
    }

    /// The one transition. `chance` is any byte: it spreads pauses, so that many clients of a
    /// server that was away don't come back at once.
    pub(super) fn step(&mut self, event: Event, chance: u8) -> Action {
        match event {
            Event::Begin => self.begin(),
            Event::NoAnswer { reason, passes: false } => give_up(reason, false),
            Event::NoAnswer { reason, passes: true } => self.fruitless(reason, None, chance),
            Event::Answer(head) => self.answer(head, chance),
            Event::Body { have, broke } => self.body(have, broke, chance),
            // The part, or the seam, may be what is wrong; and what came without a length may
            // have been cut off unseen.
            Event::WrongDigest if self.resumed || (self.total.is_none() && !self.whole) => {
                self.anew()
            }
            Event::WrongDigest => Action::Refuse,
        }
    }

    fn begin(&mut self) -> Action {
        if self.have > 0 && self.total == Some(self.have) {
            return Action::Done;
        }
        self.ask()
    }

    fn ask(&mut self) -> Action {
        let resumable = !self.whole && (self.validator.is_some() || self.want.has_digest);
        self.from = if resumable { self.have } else { 0 };
        let if_range = self.validator.as_ref().filter(|_| self.from > 0);
        Action::Ask { from: self.from, if_range: if_range.map(|v| v.if_range().to_owned()) }
    }

    /// Asks for the whole file, and for nothing but the whole file from now on.
    fn anew(&mut self) -> Action {
        (self.have, self.resumed, self.whole) = (0, false, true);
        (self.total, self.validator) = (self.want.size, None);
        self.ask()
    }

    fn answer(&mut self, head: Head, chance: u8) -> Action {
        if let Some(encoding) = head.encoding.as_ref().filter(|_| !self.want.has_digest) {
            let reason =
                format!("the server sends it encoded ({encoding}), which was not asked for");
            return give_up(reason, false);
        }
        match head.status {
            200 => self.take_whole(head),
            206 if self.from > 0 => self.take_rest(&head),
            416 if self.from > 0 => {
                if head.range.is_some_and(|range| range.total == Some(self.have)) {
                    return Action::Done;
                }
                self.anew()
            }
            // "Forbidden, come back later" is how some hosts say "too many requests".
            403 if head.retry_after.is_some() => self.busy(&head, chance),
            408 | 425 | 429 | 500.. => self.busy(&head, chance),
            status => give_up(format!("http status: {status}"), false),
        }
    }

    fn busy(&mut self, head: &Head, chance: u8) -> Action {
        self.fruitless(format!("http status: {}", head.status), head.retry_after, chance)
    }

    fn take_whole(&mut self, head: Head) -> Action {
        if let Some(reason) = head.length.and_then(|length| self.wrong_size(length)) {
            return give_up(reason, false);
        }
        (self.have, self.resumed) = (0, false);
        self.total = head.length.or(self.want.size);
        self.validator.clone_from(&head.validator);
        self.from = 0;
        Action::Take { from: 0, total: self.total, validator: head.validator }
    }

    fn take_rest(&mut self, head: &Head) -> Action {
        let Some(range) = head.range.filter(|range| range.start == Some(self.from)) else {
            return self.anew();
        };
        let other_file = match (&self.validator, &head.etag) {
            (Some(Validator::Etag(ours)), Some(theirs)) => ours != theirs,
            _ => false,
        };
        let other_size = range.total.is_some() && self.total.is_some() && range.total != self.total;
        if other_file || other_size {
            return self.anew();
        }
        if let Some(reason) = range.total.and_then(|total| self.wrong_size(total)) {
            return give_up(reason, false);
        }
        self.total = self.total.or(range.total);
        self.resumed = true;
        Action::Take { from: self.from, total: self.total, validator: self.validator.clone() }
    }

    fn wrong_size(&self, size: u64) -> Option<String> {
        match (self.want.size, self.want.limit) {
            (Some(wanted), _) if size != wanted => {
                Some(format!("the server's file has {size} bytes, wanted are {wanted}"))
            }
            (None, Some(limit)) if size > limit => {
                Some(format!("the server's file has {size} bytes, more than {limit} are not taken"))
            }
            _ => None,
        }
    }

    fn body(&mut self, have: u64, broke: Option<String>, chance: u8) -> Action {
        self.have = have;
        let progress = have > self.best;
        self.best = self.best.max(have);
        if progress {
            self.fruitless = 0;
        }
        if have > self.want.most() {
            let most = self.want.most();
            return give_up(
                format!("more than {most} bytes came, which is all there may be"),
                false,
            );
        }
        let broke = broke.or_else(|| match self.total {
            Some(total) if have < total => Some(format!("{have} of {total} bytes came")),
            _ => None,
        });
        match broke {
            None => Action::Done,
            Some(reason) if progress => Action::Wait { pause: pause(1, chance), reason },
            Some(reason) => self.fruitless(reason, None, chance),
        }
    }

    fn fruitless(&mut self, reason: String, asked: Option<Duration>, chance: u8) -> Action {
        self.fruitless += 1;
        if self.fruitless > PATIENCE {
            return give_up(reason, true);
        }
        let pause = match asked {
            Some(asked) => asked.min(LONGEST_RETRY_AFTER),
            None => pause(self.fruitless, chance),
        };
        Action::Wait { pause, reason }
    }
}

/// Half to all of a span that doubles with every fruitless request.
pub(super) fn pause(fruitless: u32, chance: u8) -> Duration {
    let span = PAUSE.saturating_mul(1 << fruitless.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    span / 2 + span / 2 * u32::from(chance) / 255
}

fn give_up(reason: String, retry_can_help: bool) -> Action {
    Action::GiveUp { reason, retry_can_help }
}

#[cfg(test)]
mod tests;
