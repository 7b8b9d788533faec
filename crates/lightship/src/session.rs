//! A session: running parts on one side, a view on the other, and one loop between them.
//!
//! Threads read pipes and wait for signals, and put what they get into one queue; everything
//! else happens on the thread that asks [`Session::next`] for what matters to it.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use lightship_model::event::Event;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::Failure;
use crate::view::scene::Scene;
use crate::view::{Stream, View};

/// Something for the loop.
#[derive(Debug)]
pub(crate) enum Message {
    Event(Event),
    Output(Stream, Vec<u8>),
    /// The user or the system wants an end.
    Stop,
    /// A source has nothing more to say.
    Closed(Source),
}

/// What puts messages into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Events,
    Output(Stream),
}

/// What the one who runs the session has to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Stop,
    Closed(Source),
    /// The time that was given is over.
    Late,
}

/// So many messages may wait; then the service's output waits, too.
const QUEUE: usize = 1024;
/// A longer line of the service is shown as several.
const MAX_LINE: u64 = 64 * 1024;

/// See the module's own words.
pub(crate) struct Session {
    pub(crate) scene: Scene,
    view: Box<dyn View>,
    /// Nobody can see the view any more.
    blind: bool,
    queue: Receiver<Message>,
    sender: SyncSender<Message>,
}

impl Session {
    /// Begins a session; from here on signals are values in its queue.
    pub(crate) fn new(scene: Scene, view: Box<dyn View>) -> Result<Self, Failure> {
        let (sender, queue) = sync_channel(QUEUE);
        let mut signals =
            Signals::new(wanted_signals()).map_err(Failure::system("take over the signals"))?;
        let stop = sender.clone();
        spawn("signals", move || {
            for _ in signals.forever() {
                if stop.send(Message::Stop).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { scene, view, blind: false, queue, sender })
    }

    /// The end of the queue that messages go into.
    pub(crate) fn sender(&self) -> SyncSender<Message> {
        self.sender.clone()
    }

    /// What says that `source` is closed.
    pub(crate) fn closer(&self, source: Source) -> Closer {
        Closer { sender: self.sender(), source }
    }

    /// Reads events from `pipe` into the queue.
    pub(crate) fn read_events(&self, pipe: impl Read + Send + 'static) -> Result<(), Failure> {
        let (sender, closer) = (self.sender(), self.closer(Source::Events));
        spawn("events", move || {
            let _closer = closer;
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                // What is no event comes from a part of another version: nothing to show.
                if let Some(event) = Event::from_line(&line)
                    && sender.send(Message::Event(event)).is_err()
                {
                    return;
                }
            }
        })
    }

    /// Reads lines of the service's output from `pipe` into the queue.
    pub(crate) fn read_output(
        &self,
        stream: Stream,
        pipe: impl Read + Send + 'static,
    ) -> Result<(), Failure> {
        let (sender, closer) = (self.sender(), self.closer(Source::Output(stream)));
        spawn("output", move || {
            let _closer = closer;
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while let Ok(1..) = pipe.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                let mut text = std::mem::take(&mut line);
                if !text.ends_with(b"\n") {
                    text.push(b'\n');
                }
                if sender.send(Message::Output(stream, text)).is_err() {
                    return;
                }
            }
        })
    }

    /// Shows what happens, until something happens that is not only to be shown.
    pub(crate) fn next(&mut self, until: Option<Instant>) -> Turn {
        loop {
            let draw = if self.blind { None } else { self.view.next_draw(&self.scene) };
            if draw == Some(Duration::ZERO) {
                if self.look(|view, scene| view.draw(scene)) {
                    continue;
                }
                return Turn::Stop;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Turn::Late;
            }
            let wait = draw.into_iter().chain(left).min();
            let message = match wait {
                // The session holds a sender itself: the queue never closes.
                None => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => self.queue.recv_timeout(wait),
            };
            let seen = match message {
                Ok(Message::Event(event)) => self.event(&event),
                Ok(Message::Output(stream, line)) => {
                    self.view.output(stream, line);
                    true
                }
                Ok(Message::Stop) => return Turn::Stop,
                Ok(Message::Closed(source)) => return Turn::Closed(source),
                Err(_) => true,
            };
            // Who can't see what runs can't want it to go on.
            if !seen {
                return Turn::Stop;
            }
        }
    }

    fn event(&mut self, event: &Event) -> bool {
        self.scene.apply(event);
        self.look(|view, scene| view.event(scene, event))
    }

    /// Says that the end has been asked for.
    pub(crate) fn stopping(&mut self, text: &str) {
        self.scene.stopping = Some(text.to_owned());
        self.look(|view, scene| view.note(scene, text));
    }

    /// Leaves behind what should stay on the terminal.
    pub(crate) fn finish(&mut self) {
        self.look(|view, scene| view.finish(scene));
    }

    /// Does something with the view; false when that has shown that nobody sees it any more.
    fn look(&mut self, act: impl FnOnce(&mut dyn View, &Scene) -> std::io::Result<()>) -> bool {
        if !self.blind && act(self.view.as_mut(), &self.scene).is_err() {
            self.blind = true;
            return false;
        }
        true
    }
}

/// Says that its source is closed when it goes, however that comes about.
#[derive(Debug)]
pub(crate) struct Closer {
    sender: SyncSender<Message>,
    source: Source,
}

impl Drop for Closer {
    fn drop(&mut self) {
        // A queue that is gone belongs to a session that is over: nobody wants to know.
        drop(self.sender.send(Message::Closed(self.source)));
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(Failure::system("start a thread"))
}

/// The signals that mean an end, without those that whoever started us wants ignored (`nohup`,
/// a shell's background job).
pub(crate) fn wanted_signals() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let ignored = |signal: i32| mask & (1 << (signal - 1)) != 0;
    [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !ignored(*signal)).collect()
}
