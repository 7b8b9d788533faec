//! Running one command of an installer: its own process group, every line to the log, a
//! deadline, and no survivors.

use std::collections::BTreeSet;
use std::io::{self, PipeReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lightship_model::event::Exit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::log::Log;
use crate::sys;

/// How long a group has between TERM and KILL.
const GRACE: Duration = Duration::from_secs(5);
/// How long output is still read after the command has ended: a daemon may hold the pipe.
const DRAIN: Duration = Duration::from_millis(500);
/// How long a program that was just written may be busy: until a child of another thread, which
/// is idle already and so runs late on a busy machine, has executed.
const BUSY: Duration = Duration::from_secs(30);
/// How often the loop looks for the end, the deadline and a stop when there is no output.
const TICK: Duration = Duration::from_millis(100);

/// The groups that run now, so that a stop reaches them all.
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Kills every running installer with everything it started, for the end of this process.
pub fn stop_all() {
    STOPPING.store(true, Ordering::SeqCst);
    for group in GROUPS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        signal_group(*group, Signal::KILL);
    }
}

/// How a command came to its end.
#[derive(Debug)]
pub(crate) enum End {
    Exited(Exit),
    /// The deadline passed.
    TimedOut,
    /// The loader is being stopped.
    Stopped,
}

/// Runs `command` to its end. `seen` gets every line, and every state of a progress line, as a
/// terminal would show it; whole lines go to the log.
pub(crate) fn run(
    mut command: Command,
    log: &mut Log,
    deadline: Instant,
    mut seen: impl FnMut(&str),
) -> io::Result<End> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).process_group(0);
    sys::confine(&mut command);
    let child = spawn(&mut command)?;
    // The command holds the pipe's other end, which has to close when the child ends.
    drop(command);
    let group = Group::new(child);
    let mut lines = Lines::new(reader);
    group.follow(&mut lines, deadline, &mut |line, whole| {
        let line = lightship_model::excerpt::clean(line);
        if line.is_empty() {
            return;
        }
        seen(&line);
        if whole {
            log.line(&line);
        }
    })
}

/// Starts `command`. A program that this process has just written is busy for a moment when
/// another thread forks meanwhile: its child holds the file open until it executes.
fn spawn(command: &mut Command) -> io::Result<Child> {
    let until = Instant::now() + BUSY;
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && Instant::now() < until =>
            {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

/// A running process group; dropping it leaves no member alive.
struct Group {
    child: Child,
}

impl Group {
    fn new(child: Child) -> Self {
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).insert(child.id());
        Self { child }
    }

    fn follow(
        mut self,
        lines: &mut Lines,
        deadline: Instant,
        take: &mut dyn FnMut(&str, bool),
    ) -> io::Result<End> {
        loop {
            lines.read(TICK, take)?;
            if let Some(status) = self.child.try_wait()? {
                // What it left running belongs to it: an installer has no daemons.
                signal_group(self.child.id(), Signal::KILL);
                lines.drain(DRAIN, take)?;
                return Ok(End::Exited(exit(status)));
            }
            if STOPPING.load(Ordering::SeqCst) {
                return Ok(End::Stopped);
            }
            if Instant::now() >= deadline {
                self.terminate(lines, take)?;
                return Ok(End::TimedOut);
            }
        }
    }

    /// TERM to the whole group, then (on drop) KILL.
    fn terminate(&mut self, lines: &mut Lines, take: &mut dyn FnMut(&str, bool)) -> io::Result<()> {
        signal_group(self.child.id(), Signal::TERM);
        let until = Instant::now() + GRACE;
        while Instant::now() < until && self.child.try_wait()?.is_none() {
            lines.read(TICK, take)?;
        }
        Ok(())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        signal_group(self.child.id(), Signal::KILL);
        // The leader is dead or dying; its status is known or wanted by nobody.
        drop(self.child.wait());
        self.await_members();
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.child.id());
    }
}

impl Group {
    /// Killed members die when they next run, and idle ones run late: what they write until
    /// then must not land in the next attempt.
    fn await_members(&self) {
        let until = Instant::now() + GRACE;
        while group_id(self.child.id()).is_some_and(|group| test_kill_process_group(group).is_ok())
            && Instant::now() < until
        {
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }
}

fn group_id(group: u32) -> Option<Pid> {
    i32::try_from(group).ok().filter(|group| *group > 1).and_then(Pid::from_raw)
}

/// A group that has ended already is fine.
fn signal_group(group: u32, signal: Signal) {
    if let Some(group) = group_id(group) {
        kill_process_group(group, signal).unwrap_or_default();
    }
}

fn exit(status: ExitStatus) -> Exit {
    let small = |number: i32| u8::try_from(number & 0xff).unwrap_or(u8::MAX);
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(small(code)),
        (None, signal) => Exit::Signal(small(signal.unwrap_or_default())),
    }
}

/// Output cut into lines; a carriage return ends a line that is not whole.
struct Lines {
    reader: PipeReader,
    pending: Vec<u8>,
    ended: bool,
}

/// A line longer than this is cut: a program that prints none must not fill the memory.
const MAX_LINE: usize = 64 * 1024;

impl Lines {
    fn new(reader: PipeReader) -> Self {
        Self { reader, pending: Vec::new(), ended: false }
    }

    /// Takes what there is, waiting at most `limit` for it.
    fn read(&mut self, limit: Duration, take: &mut dyn FnMut(&str, bool)) -> io::Result<()> {
        if self.ended {
            std::thread::park_timeout(limit);
            return Ok(());
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(limit.subsec_nanos()),
        };
        let mut fds = [PollFd::new(&self.reader, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut block = [0; 16 * 1024];
        let count = self.reader.read(&mut block)?;
        self.ended = count == 0;
        for byte in &block[..count] {
            match byte {
                b'\n' => self.flush(true, take),
                b'\r' => self.flush(false, take),
                byte => self.pending.push(*byte),
            }
            if self.pending.len() >= MAX_LINE {
                self.flush(true, take);
            }
        }
        if self.ended {
            self.flush(true, take);
        }
        Ok(())
    }

    fn drain(&mut self, limit: Duration, take: &mut dyn FnMut(&str, bool)) -> io::Result<()> {
        let until = Instant::now() + limit;
        while !self.ended && Instant::now() < until {
            self.read(until.saturating_duration_since(Instant::now()), take)?;
        }
        Ok(())
    }

    fn flush(&mut self, whole: bool, take: &mut dyn FnMut(&str, bool)) {
        let bytes = std::mem::take(&mut self.pending);
        take(&String::from_utf8_lossy(&bytes), whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> (End, Vec<String>, String) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(&dir.path().join("log"), 1, crate::clock::now()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut seen = Vec::new();
        let end = run(command, &mut log, Instant::now() + limit, |line| seen.push(line.into()));
        (end.unwrap(), seen, log.tail().to_owned())
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn both_streams_are_seen_in_their_order_and_progress_is_not_logged() {
        let (end, seen, tail) = sh("echo a; echo b >&2; printf '1/2\\r2/2\\r'; echo c", LONG);
        assert!(matches!(end, End::Exited(Exit::Code(0))), "{end:?}");
        assert_eq!(seen, ["a", "b", "1/2", "2/2", "c"]);
        assert_eq!(tail, "a\nb\nc\n");
    }

    #[test]
    fn a_deadline_ends_the_whole_group_even_if_it_ignores_term() {
        let begun = Instant::now();
        let (end, seen, _) =
            sh("trap '' TERM; echo $$; sleep 60 & echo $!; wait; wait", Duration::from_millis(300));
        assert!(matches!(end, End::TimedOut), "{end:?}");
        assert!(begun.elapsed() < LONG);
        for pid in seen {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            assert!(state.is_empty() || state.contains(") Z "), "{state}");
        }
    }

    #[test]
    fn a_daemon_that_holds_the_output_neither_delays_nor_survives() {
        let begun = Instant::now();
        let (end, seen, _) = sh("sleep 60 & echo $!; exit 3", LONG);
        assert!(matches!(end, End::Exited(Exit::Code(3))), "{end:?}");
        assert!(begun.elapsed() < Duration::from_secs(10));
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", seen[0])).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
    }

    #[test]
    fn a_program_that_somebody_still_holds_open_for_writing_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("program");
        std::fs::copy("/bin/true", &program).unwrap();
        let open = std::fs::OpenOptions::new().append(true).open(&program).unwrap();
        let busy = Command::new(&program).status().unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ExecutableFileBusy);
        let closer = std::thread::Builder::new().spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            drop(open);
        });
        let mut log = Log::open(&dir.path().join("log"), 1, crate::clock::now()).unwrap();
        let end = run(Command::new(program), &mut log, Instant::now() + LONG, |_| {});
        assert!(matches!(end.unwrap(), End::Exited(Exit::Code(0))));
        closer.unwrap().join().unwrap();
    }

    #[test]
    fn an_installer_is_idle_and_first_to_go_when_memory_is_short() {
        let (_, seen, _) =
            sh("cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status", LONG);
        assert_eq!(seen, ["800", "NoNewPrivs: 1"]);
    }
}
