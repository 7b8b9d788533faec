//! One of the service's two streams: from its pipe, through the lines, into the container's log.

use std::io;
use std::mem;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use lightship_model::manifest::LogMode;
use lightship_model::time::Timestamp;
use rustix::io::{Errno, ioctl_fionbio, read};
use rustix::pipe::{PipeFlags, pipe_with};

use super::format::{Format, Stream};
use super::matcher::Matcher;
use super::pieces::{Piece, Pieces};
use super::queue::{CAPACITY, Queue};
use super::sink::Sink;
use crate::poller::{Poller, Slot, Wanted};

/// How much is read at once, and how often in one turn.
const BUFFER: usize = 16 * 1024;
const READS: usize = 4;
/// How many turns' worth is taken out of the pipe of a run that is over.
const LAST_READS: usize = 4;
/// The same at the end of everything: more than the largest pipe holds.
const FLUSH_READS: usize = 32;
/// From here on a queue is fuller than it should be. Above it there is room for the longest line
/// in its longest form.
const HIGH: usize = CAPACITY / 2;
/// A reader that took something within this time is only slow: the service waits for it, as it
/// would without lightship. One that did not is stuck: lines are dropped, the service goes on.
const STUCK_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Channel {
    stream: Stream,
    source: Option<OwnedFd>,
    /// The service's end. It is kept for the hooks, and so that the pipe never ends by itself.
    writer: Option<OwnedFd>,
    /// What was read and not yet looked at.
    input: Vec<u8>,
    pieces: Pieces,
    /// With pieces: the last one was not the end of its line. Without: the rest of a line is
    /// dropped.
    continues: bool,
    matcher: Option<Matcher>,
    /// The service has ended: a line without an end is whole.
    over: bool,
    /// Nothing was left in the pipe when it was read last.
    dry: bool,
    queue: Queue,
    sink: Sink,
    /// When something was written last, or began to wait.
    progress: Duration,
    /// The service waits for a slow reader until then.
    waits_until: Option<Duration>,
    source_slot: Option<Slot>,
    sink_slot: Option<Slot>,
}

impl Channel {
    pub(super) fn new(stream: Stream, output: BorrowedFd<'_>) -> Self {
        Self {
            stream,
            source: None,
            writer: None,
            input: Vec::new(),
            pieces: Pieces::default(),
            continues: false,
            matcher: None,
            over: false,
            dry: true,
            queue: Queue::default(),
            sink: Sink::new(output),
            progress: Duration::ZERO,
            waits_until: None,
            source_slot: None,
            sink_slot: None,
        }
    }

    /// Makes a new pipe. Who holds the old one can write to it no more; what is in it is taken
    /// out first.
    pub(super) fn begin(
        &mut self,
        format: &Format,
        now: Duration,
        at: Timestamp,
    ) -> io::Result<()> {
        self.over = true;
        self.take_out(format, now, at);
        let (source, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        // Only the end that is lightship's own: a service expects its output to wait for it.
        ioctl_fionbio(&source, true)?;
        self.source = Some(source);
        self.writer = Some(writer);
        self.over = false;
        Ok(())
    }

    /// Looks for `matcher`'s text from now on.
    pub(super) fn look(
        &mut self,
        matcher: Option<Matcher>,
        format: &Format,
        now: Duration,
        at: Timestamp,
    ) {
        self.take_out(format, now, at);
        self.matcher = matcher;
    }

    fn take_out(&mut self, format: &Format, now: Duration, at: Timestamp) {
        self.matcher = None;
        for _ in 0..LAST_READS {
            self.read(format, now, at);
        }
    }

    pub(super) fn writer(&self) -> Option<BorrowedFd<'_>> {
        self.writer.as_ref().map(OwnedFd::as_fd)
    }

    pub(super) fn watch(&mut self, poller: &mut Poller) {
        let source = self.source.as_ref().filter(|_| self.waits_until.is_none());
        self.source_slot = source.map(|source| poller.watch(source, Wanted::Read));
        self.sink_slot = self.watch_sink(poller);
    }

    pub(super) fn watch_sink(&self, poller: &mut Poller) -> Option<Slot> {
        let sink = self.sink.descriptor().filter(|_| !self.queue.is_empty());
        sink.map(|sink| poller.watch(sink, Wanted::Write))
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.waits_until
    }

    /// Moves what can be moved at once, up to a bound. Whether the matcher's text was seen.
    pub(super) fn turn(
        &mut self,
        format: &Format,
        poller: &Poller,
        now: Duration,
        at: Timestamp,
    ) -> bool {
        let ready = |slot: Option<Slot>| slot.is_some_and(|slot| poller.ready(slot).any());
        let (readable, writable) = (ready(self.source_slot.take()), ready(self.sink_slot.take()));
        if writable {
            self.write(format, now, at);
        }
        if self.waits_until.is_some_and(|until| until <= now) {
            self.waits_until = None;
        }
        let mut seen = false;
        if readable || (!self.input.is_empty() && self.waits_until.is_none()) {
            seen = self.read(format, now, at);
        }
        if self.queue.len() <= HIGH {
            self.waits_until = None;
        }
        seen
    }

    /// Takes note that the service has ended. Others may hold the pipe open, so its end is not
    /// waited for.
    pub(super) fn ended(&mut self, format: &Format, now: Duration, at: Timestamp) {
        self.matcher = None;
        self.over = true;
        self.read(format, now, at);
    }

    /// Moves what is left, without asking whether it can be. Whether nothing is left.
    pub(super) fn flush(&mut self, format: &Format, now: Duration, at: Timestamp) -> bool {
        self.over = true;
        self.write(format, now, at);
        self.waits_until = None;
        for _ in 0..FLUSH_READS {
            self.read(format, now, at);
            if self.dry || !self.queue.is_empty() {
                break;
            }
        }
        // Somebody who has not stopped writing by now is not waited for.
        self.input.is_empty() && self.queue.is_empty()
    }

    /// Reads as long as there is something and it finds room.
    fn read(&mut self, format: &Format, now: Duration, at: Timestamp) -> bool {
        let mut seen = false;
        self.dry = false;
        for _ in 0..READS {
            self.take(format, now, at);
            if !self.input.is_empty() {
                break;
            }
            let Some(source) = &self.source else {
                self.dry = true;
                break;
            };
            let mut buffer = [0; BUFFER];
            match read(source, &mut buffer) {
                Ok(0) => self.source = None,
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    if self.matcher.as_mut().is_some_and(|matcher| matcher.sees(bytes)) {
                        self.matcher = None;
                        seen = true;
                    }
                    self.input.extend_from_slice(bytes);
                }
                Err(Errno::INTR) => {}
                Err(_) => {
                    self.dry = true;
                    if self.over {
                        self.end_line(format, at);
                    }
                    break;
                }
            }
        }
        self.take(format, now, at);
        self.write(format, now, at);
        seen
    }

    /// Puts the input's lines into the queue, until it is too full.
    fn take(&mut self, format: &Format, now: Duration, at: Timestamp) {
        let input = mem::take(&mut self.input);
        let mut rest = input.as_slice();
        let mut line = Vec::new();
        while !rest.is_empty() && self.has_room(format, now, at) {
            if self.queue.is_empty() {
                self.progress = now;
            }
            if format.mode == LogMode::Inherit {
                let newline = rest.iter().position(|byte| *byte == b'\n');
                let (bytes, after) = rest.split_at(newline.map_or(rest.len(), |at| at + 1));
                let fits = !self.continues && self.queue.push(bytes);
                self.continues = !fits && newline.is_none();
                rest = after;
            } else if let Some(piece) = self.pieces.next(&mut rest) {
                line.clear();
                format.line(self.stream, piece, self.continues, at, &mut line);
                self.queue.push(&line);
                self.continues = piece.partial;
            }
        }
        let used = input.len() - rest.len();
        self.input = input;
        self.input.drain(..used);
        if self.input.is_empty() {
            // Nothing that an idle PID 1 has to keep.
            self.input = Vec::new();
        }
    }

    /// Whether another line may go into the queue. A stuck reader's queue takes what it can hold,
    /// and the rest is dropped.
    fn has_room(&mut self, format: &Format, now: Duration, at: Timestamp) -> bool {
        if self.queue.len() <= HIGH {
            return true;
        }
        self.write(format, now, at);
        if self.queue.len() <= HIGH {
            return true;
        }
        let until = self.progress + STUCK_AFTER;
        self.waits_until = (now < until).then_some(until);
        self.waits_until.is_none()
    }

    fn end_line(&mut self, format: &Format, at: Timestamp) {
        if let Some(piece) = self.pieces.finish() {
            let mut line = Vec::new();
            format.line(self.stream, piece, self.continues, at, &mut line);
            self.queue.push(&line);
            self.continues = false;
        }
    }

    /// A line of lightship's own.
    pub(super) fn say(&mut self, format: &Format, text: &str, at: Timestamp) {
        let mut line = Vec::new();
        let piece = Piece { bytes: text.as_bytes(), partial: false };
        format.of_lightship().line(self.stream, piece, false, at, &mut line);
        self.queue.push(&line);
    }

    fn write(&mut self, format: &Format, now: Duration, at: Timestamp) {
        if self.sink.write(&mut self.queue) {
            self.progress = now;
        }
        if let Some(lines) = self.queue.loss() {
            let text = format!("{lines} lines dropped: they were read too slowly");
            self.say(format, &text, at);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.queue.dropped()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, Read as _, Write as _};

    use super::*;

    struct Scene {
        channel: Channel,
        format: Format,
        service: PipeWriter,
        reader: PipeReader,
        now: Duration,
    }

    impl Scene {
        fn new(mode: LogMode, ready: Option<&str>) -> Self {
            let (reader, output) = io::pipe().unwrap();
            ioctl_fionbio(&reader, true).unwrap();
            let mut channel = Channel::new(Stream::Out, output.as_fd());
            let format = Format { mode, process: "web".to_owned() };
            let (now, at) = (Duration::ZERO, Timestamp::from_millis(0));
            channel.begin(&format, now, at).unwrap();
            channel.look(ready.map(Matcher::new), &format, now, at);
            let service = PipeWriter::from(channel.writer().unwrap().try_clone_to_owned().unwrap());
            Self { channel, format, service, reader, now }
        }

        fn turn(&mut self) -> bool {
            let mut poller = Poller::default();
            self.channel.watch(&mut poller);
            poller.wait(Some(Duration::ZERO)).unwrap();
            self.channel.turn(&self.format, &poller, self.now, Timestamp::from_millis(0))
        }

        fn printed(&mut self) -> String {
            let mut bytes = Vec::new();
            // The pipe stays open: it ends with "would block".
            self.reader.read_to_end(&mut bytes).unwrap_err();
            String::from_utf8(bytes).unwrap()
        }

        /// Writes `text` as often as it goes without waiting.
        fn print_all(&mut self, text: &str, times: usize) -> usize {
            ioctl_fionbio(&self.service, true).unwrap();
            (0..times).take_while(|_| self.service.write(text.as_bytes()).is_ok()).count()
        }
    }

    #[test]
    fn lines_get_their_prefix_and_the_last_one_its_end() {
        let mut scene = Scene::new(LogMode::Prefix, None);
        scene.service.write_all(b"one\ntwo\nthr").unwrap();
        scene.turn();
        assert_eq!(scene.printed(), "web | one\nweb | two\n");
        scene.channel.ended(&scene.format, scene.now, Timestamp::from_millis(0));
        assert_eq!(scene.printed(), "web | thr\n");
    }

    #[test]
    fn without_a_mode_bytes_pass_unchanged_and_at_once() {
        let mut scene = Scene::new(LogMode::Inherit, Some("ready"));
        scene.service.write_all(b"\xff\x00? ").unwrap();
        assert!(!scene.turn());
        let mut bytes = [0; 8];
        assert_eq!(scene.reader.read(&mut bytes).unwrap(), 4);
        assert_eq!(&bytes[..4], b"\xff\x00? ");
        scene.service.write_all(b"I am rea").unwrap();
        assert!(!scene.turn());
        scene.service.write_all(b"dy\nready\n").unwrap();
        assert!(scene.turn());
        scene.service.write_all(b"ready\n").unwrap();
        assert!(!scene.turn(), "it is told once");
    }

    #[test]
    fn a_slow_reader_loses_nothing_and_the_service_waits_for_it() {
        let mut scene = Scene::new(LogMode::Json, None);
        let (mut sent, mut read) = (0, String::new());
        while sent < 20_000 {
            sent += scene.print_all("x\n", 20_000 - sent);
            scene.turn();
            scene.now += Duration::from_millis(1);
            if scene.now.as_millis().is_multiple_of(7) {
                read += &scene.printed();
            }
        }
        for _ in 0..200 {
            scene.turn();
            read += &scene.printed();
        }
        assert_eq!((read.lines().count(), scene.channel.dropped()), (20_000, 0));
    }

    #[test]
    fn a_stuck_reader_costs_lines_and_holds_nobody_up() {
        let mut scene = Scene::new(LogMode::Prefix, None);
        let line = format!("{}\n", "y".repeat(1000));
        let mut sent = 0;
        while scene.channel.deadline().is_none() {
            sent += scene.print_all(&line, 10);
            scene.turn();
        }
        // It waits, and only so long.
        sent += scene.print_all(&line, 1000);
        scene.turn();
        assert_eq!(scene.print_all(&line, 1), 0);
        scene.now = scene.channel.deadline().unwrap();
        for _ in 0..100 {
            scene.turn();
            sent += scene.print_all(&line, 10);
            assert_eq!(scene.channel.deadline(), None);
        }
        while !scene.channel.input.is_empty() || scene.turn() {}
        scene.turn();
        let dropped = usize::try_from(scene.channel.dropped()).unwrap();
        assert!(dropped > 500, "{dropped}");
        let mut read = String::new();
        for _ in 0..100 {
            read += &scene.printed();
            scene.turn();
        }
        let told = format!("lightship-init | {dropped} lines dropped");
        assert!(read.contains(&told), "{}", &read[read.len() - 2000..]);
        assert_eq!(read.lines().filter(|line| line.starts_with("web | y")).count() + dropped, sent);
    }

    #[test]
    fn a_grandchild_that_holds_the_pipe_is_not_waited_for() {
        let mut scene = Scene::new(LogMode::Prefix, None);
        let mut grandchild = scene.service.try_clone().unwrap();
        scene.service.write_all(b"last words\n").unwrap();
        let at = Timestamp::from_millis(0);
        scene.channel.ended(&scene.format, scene.now, at);
        assert!(scene.channel.flush(&scene.format, scene.now, at));
        assert_eq!(scene.printed(), "web | last words\n");
        scene.channel.begin(&scene.format, scene.now, at).unwrap();
        drop(scene.service);
        assert_eq!(grandchild.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
