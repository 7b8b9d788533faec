//! The start itself: until it is ready, and a little longer; then everything that was started is
//! stopped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Order;
use super::probe::Signs;
use crate::build::BuildError;
use crate::build::room::{Entry, Room};
use crate::build::spec::Until;

/// From one look to the next.
const TICK: Duration = Duration::from_millis(50);

/// What it has to end in, once it was asked to.
const GRACE: Duration = Duration::from_secs(10);

/// As much of its output is looked at, in bytes.
const OUTPUT: u64 = 16 << 20;

/// Lines of its output that are told when it fails.
const TOLD: usize = 12;

/// Runs the command of `order` in `room`.
pub(super) fn run(
    order: &Order<'_>,
    room: &Room,
    ids: (u32, u32),
    home: &str,
) -> Result<(), BuildError> {
    let env = env(order, home);
    let dir = order.warm.dir.as_deref().or(order.start.workdir.as_deref()).unwrap_or("/");
    let entry = Entry { env: &env, bind: None, alone: true, ids, dir };
    let mut command = room.enter(&entry, &order.warm.command);
    let output = room.beside("output");
    let open = || File::create(&output).and_then(|file| Ok((file.try_clone()?, file)));
    let (stdout, stderr) = open().map_err(BuildError::io("write", &output))?;
    command.stdout(stdout).stderr(stderr).process_group(0);
    let child = command.spawn().map_err(|error| {
        BuildError::Input(format!("can't run `setpriv` (util-linux) to enter the root: {error}"))
    })?;
    let mut group = Group(child);
    let done = until(order, &mut group, &output)
        .and_then(|()| group.stop().map_err(|error| watching(&error)));
    done.map_err(|why| {
        let lines = last_lines(&output);
        let words = order.warm.command.join(" ");
        BuildError::Input(format!("[image.warm]: `{words}` {why}{lines}"))
    })
}

/// The image's environment as a container has it, and that of the service.
fn env(order: &Order<'_>, home: &str) -> BTreeMap<String, OsString> {
    let mut env = BTreeMap::from([("HOME".to_owned(), OsString::from(home))]);
    let named = order.start.env.iter().chain(&order.warm.env);
    env.extend(named.map(|(name, value)| (name.clone(), value.into())));
    env
}

/// Waits until it is ready and has settled, or has ended where that is wanted.
fn until(order: &Order<'_>, group: &mut Group, output: &Path) -> Result<(), String> {
    let warm = order.warm;
    let late = Instant::now() + warm.timeout;
    let signs = Signs::default();
    let pid = group.0.id();
    let ready = std::thread::scope(|scope| {
        let asked = matches!(warm.until, Until::Http(_) | Until::Tcp(_));
        let thread = || std::thread::Builder::new().name("probe".to_owned());
        let ask = || signs.wait(pid, &warm.until);
        let probe = asked.then(|| thread().spawn_scoped(scope, ask)).transpose();
        let ready = match probe {
            Err(error) => Err(cant_ask(&error)),
            Ok(_) => loop {
                match group.0.try_wait() {
                    Err(error) => break Err(watching(&error)),
                    Ok(Some(status)) => break ended(&warm.until, status),
                    Ok(None) => {}
                }
                if let Some(error) = signs.failed.get() {
                    break Err(cant_ask(error));
                }
                let said = match &warm.until {
                    Until::Log(text) => read(output).contains(text.as_str()),
                    _ => signs.ready.load(Ordering::Relaxed),
                };
                if said {
                    break Ok(());
                }
                if Instant::now() > late {
                    break Err(format!("was not ready after {} s", warm.timeout.as_secs()));
                }
                std::thread::sleep(TICK);
            },
        };
        signs.given_up.store(true, Ordering::Relaxed);
        ready
    });
    ready?;
    if warm.until != Until::Ends {
        std::thread::sleep(warm.settle);
    }
    Ok(())
}

fn ended(until: &Until, status: ExitStatus) -> Result<(), String> {
    match until {
        Until::Ends if status.success() => Ok(()),
        Until::Ends => Err(format!("ended with {status}")),
        _ => Err(format!("ended before it was ready, with {status}")),
    }
}

fn watching(error: &io::Error) -> String {
    format!("can't be watched: {error}")
}

fn cant_ask(error: &io::Error) -> String {
    format!("can't be asked whether it is ready: {error}")
}

/// Everything that was started: it is gone when this is.
struct Group(Child);

impl Group {
    /// Asks it to end, and makes it.
    fn stop(&mut self) -> io::Result<()> {
        self.signal(Signal::TERM);
        let late = Instant::now() + GRACE;
        while self.0.try_wait()?.is_none() && Instant::now() < late {
            std::thread::sleep(TICK);
        }
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        if self.0.try_wait()?.is_none() {
            self.signal(Signal::KILL);
            self.0.wait()?;
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Who has ended meanwhile needs none.
            kill_process_group(pid, signal).unwrap_or_default();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // There is nobody left to tell.
        drop(self.end());
    }
}

fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    // What can't be read says nothing.
    drop(File::open(path).and_then(|file| file.take(OUTPUT).read_to_end(&mut bytes)));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn last_lines(path: &Path) -> String {
    let text = read(path);
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines[lines.len().saturating_sub(TOLD)..].join("\n");
    if shown.is_empty() { String::new() } else { format!(":\n{shown}") }
}
