//! Running one command of an installer: its own session, every line to the log, a deadline,
//! limits, and no survivors.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lightship_model::event::Exit;
use rustix::process::{Pid, Signal, kill_process_group};

use super::lines::Lines;
use super::log::Log;
use crate::confine::{Breach, Cell, Level, Watch, cgroup};

/// How long a group has between TERM and KILL.
const GRACE: Duration = Duration::from_secs(5);
/// How long output is still read after the command has ended: a daemon may hold the pipe.
const DRAIN: Duration = Duration::from_millis(500);
/// How long a program that was just written may be busy: until a child of another thread, which
/// is idle already and so runs late on a busy machine, has executed.
const BUSY: Duration = Duration::from_secs(30);
/// How often the loop looks for the end, the deadline and a stop when there is no output.
const TICK: Duration = Duration::from_millis(100);

/// The installers that run now, so that a stop reaches them all, and so that nobody takes them
/// for orphans.
static RUNNING: Mutex<Running> = Mutex::new(Running { leaders: BTreeSet::new(), spawning: 0 });
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Kills every running installer with everything it started, for the end of this process.
pub fn stop_all() {
    STOPPING.store(true, Ordering::SeqCst);
    for leader in &running().leaders {
        signal_group(*leader, Signal::KILL);
    }
    cgroup::end_all();
}

struct Running {
    /// Each leads a session and a process group.
    leaders: BTreeSet<u32>,
    /// Children that are being started, and may lead a session already.
    spawning: u32,
}

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `look` while no installer is noted or begun to be started. It gets the leaders, and
/// whether none is being started right now.
pub(crate) fn with_leaders<T>(look: impl FnOnce(&BTreeSet<u32>, bool) -> T) -> T {
    let running = running();
    look(&running.leaders, running.spawning == 0)
}

/// Whether `pid` leads an installer that runs, or that has yet to be waited for.
pub(crate) fn is_leader(pid: Pid) -> bool {
    let pid = u32::try_from(pid.as_raw_nonzero().get());
    pid.is_ok_and(|pid| running().leaders.contains(&pid))
}

/// A child with a session of its own is being started, as long as this lives.
pub(crate) struct Spawning(());

impl Spawning {
    pub(crate) fn begin() -> Self {
        running().spawning += 1;
        Self(())
    }
}

impl Drop for Spawning {
    fn drop(&mut self) {
        running().spawning -= 1;
    }
}

/// How a command came to its end.
#[derive(Debug)]
pub(crate) enum End {
    Exited(Exit),
    /// The deadline passed.
    TimedOut,
    /// A limit was struck.
    Breached(Breach),
    /// The loader is being stopped.
    Stopped,
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) end: End,
    /// How far it was confined.
    pub(crate) level: Level,
}

/// Runs `command` in `cell` to its end. `seen` gets every line, and every state of a progress line, as a
/// terminal would show it; whole lines go to the log.
pub(crate) fn run(
    mut command: Command,
    mut cell: Cell,
    log: &mut Log,
    deadline: Instant,
    mut seen: impl FnMut(&str),
) -> io::Result<Ran> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let door = cell.open(&mut command)?;
    let mut group = Group::spawn(&mut command, cell)?;
    // The command holds the pipe's other end, which has to close when the child ends.
    drop(command);
    let level = group.cell.shut(&door);
    let mut lines = Lines::new(reader);
    let end = group.follow(level, &mut lines, deadline, &mut |line, whole| {
        let line = lightship_model::excerpt::clean(line);
        if line.is_empty() {
            return;
        }
        seen(&line);
        if whole {
            log.line(&line);
        }
    })?;
    Ok(Ran { end, level })
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

/// A running installer; dropping it leaves nothing alive that it has started.
struct Group {
    child: Child,
    cell: Cell,
}

impl Group {
    fn spawn(command: &mut Command, cell: Cell) -> io::Result<Self> {
        let _spawning = Spawning::begin();
        let child = spawn(command)?;
        running().leaders.insert(child.id());
        Ok(Self { child, cell })
    }

    fn follow(
        &mut self,
        level: Level,
        lines: &mut Lines,
        deadline: Instant,
        take: &mut dyn FnMut(&str, bool),
    ) -> io::Result<End> {
        let leader = self.child.id();
        let mut watch = self.cell.watch(leader, level);
        loop {
            if lines.read(TICK, take)? {
                watch.heard();
            }
            if let Some(status) = self.child.try_wait()? {
                // What it left running belongs to it: an installer has no daemons.
                signal_group(leader, Signal::KILL);
                lines.drain(DRAIN, take)?;
                return Ok(ended(status, &watch));
            }
            if let Some(breach) = watch.breach() {
                if matches!(breach, Breach::Silence { .. }) {
                    self.terminate(lines, take)?;
                }
                return Ok(End::Breached(breach));
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
        // Killed members die when they next run, and idle ones run late: what they write until
        // then must not land in the next attempt.
        self.cell.end(self.child.id());
        running().leaders.remove(&self.child.id());
    }
}

/// How a command has ended that ended by itself: what the kernel denied it counts more than
/// what it made of that.
fn ended(status: ExitStatus, watch: &Watch<'_>) -> End {
    match watch.struck() {
        // Others may have filled the volume, as long as it got through.
        Some(Breach::Disk { .. }) if status.success() => End::Exited(exit(status)),
        Some(breach) => End::Breached(breach),
        None if status.success() => {
            watch.left_behind().map_or(End::Exited(exit(status)), End::Breached)
        }
        None => End::Exited(exit(status)),
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lightship_model::confinement::{Confine, Limits};

    use super::*;
    use crate::confine::{Confiner, Plan};

    fn confiner(stage: &Path) -> Confiner {
        Confiner::new(Confine::Best, Limits::default(), stage.to_owned())
    }

    fn cell(confiner: &Confiner, stage: &Path) -> Cell {
        let plan = Plan { writable: vec![stage.to_owned()], limits: Limits::default() };
        confiner.cell(&plan).unwrap()
    }

    fn sh(script: &str, limit: Duration) -> (End, Vec<String>, String) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(&dir.path().join("log"), 1, crate::clock::now()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut seen = Vec::new();
        let until = Instant::now() + limit;
        let confiner = confiner(dir.path());
        let cell = cell(&confiner, dir.path());
        let ran = run(command, cell, &mut log, until, |line| seen.push(line.into()));
        (ran.unwrap().end, seen, log.tail().to_owned())
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
        let confiner = confiner(dir.path());
        let (until, cell) = (Instant::now() + LONG, cell(&confiner, dir.path()));
        let ran = run(Command::new(program), cell, &mut log, until, |_| {}).unwrap();
        assert!(matches!(ran.end, End::Exited(Exit::Code(0))));
        closer.unwrap().join().unwrap();
    }

    #[test]
    fn an_installer_is_idle_and_first_to_go_when_memory_is_short() {
        let (_, seen, _) =
            sh("cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status", LONG);
        assert_eq!(seen, ["800", "NoNewPrivs: 1"]);
    }
}
