//! Where a test can end the loader or make its disk fail. Two environment variables order it:
//!
//! * `LIGHTSHIP_FAULT=POINT:MARKER` kills the loader with SIGKILL when it reaches the named
//!   point, once: only if the file MARKER does not exist yet. `POINT#3` is the third time that
//!   it is reached.
//! * `LIGHTSHIP_STEP=KIND@N` disturbs the N-th change of the run, counted from 1, that the
//!   loader makes to its files; `KIND@rename#3` is the third one of that name. The kinds are
//!   those of [`Kind`]. `LIGHTSHIP_STEPS=FILE` notes each step in FILE, so that a test learns
//!   which there are instead of being told.
//!
//! In builds without debug assertions both are nothing at all.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rustix::io::Errno;

/// A place in an install that a test can choose to die at.
pub(crate) fn point(name: &str) {
    if cfg!(debug_assertions) {
        strike(name);
    }
}

/// How often the ordered point was reached.
static REACHED: AtomicU32 = AtomicU32::new(0);

fn strike(name: &str) {
    let Ok(order) = std::env::var("LIGHTSHIP_FAULT") else { return };
    let Some((point, marker)) = order.split_once(':') else { return };
    let (point, count) = point.split_once('#').unwrap_or((point, "1"));
    if point != name {
        return;
    }
    let reached = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
    if count.parse() == Ok(reached) && std::fs::File::create_new(marker).is_ok() {
        die();
    }
}

/// What happens to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The process ends by SIGKILL, and the step does not happen.
    KillBefore,
    /// It ends when half of the step is done, where a step has halves.
    KillWithin,
    /// It ends when the step is done.
    KillAfter,
    /// The step fails, and later ones do not.
    Fails(Errno),
    /// From this step on the disk is full: everything fails but what makes room.
    Full,
    /// From this step on every step fails so, as on a disk that was remounted or has died.
    Stays(Errno),
}

impl Kind {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "kill-before" => Self::KillBefore,
            "kill-within" => Self::KillWithin,
            "kill-after" => Self::KillAfter,
            "eio" => Self::Fails(Errno::IO),
            "enospc" => Self::Fails(Errno::NOSPC),
            "erofs" => Self::Fails(Errno::ROFS),
            "full" => Self::Full,
            "read-only" => Self::Stays(Errno::ROFS),
            "broken" => Self::Stays(Errno::IO),
            _ => return None,
        })
    }

    fn stays(self) -> bool {
        matches!(self, Self::Full | Self::Stays(_))
    }
}

/// Which step it happens to: the count, of all steps or of those with that name.
struct Order {
    kind: Kind,
    name: Option<String>,
    count: u32,
}

impl Order {
    fn parse(text: &str) -> Option<Self> {
        let (kind, which) = text.split_once('@')?;
        let (name, count) = match which.split_once('#') {
            Some((name, count)) => (Some(name.to_owned()), count),
            None => (None, which),
        };
        Some(Self { kind: Kind::parse(kind)?, name, count: count.parse().ok()? })
    }
}

/// One change to the disk: what it is called, and what it is done to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) name: &'static str,
    pub(crate) path: &'a Path,
    /// Whether it only gives room back, which a full disk lets it.
    pub(crate) frees: bool,
}

impl Step<'_> {
    /// Performs the step by `act`, unless a test has ordered otherwise. `half` does a part of
    /// it, for a death in its middle.
    pub(crate) fn perform<T>(
        self,
        half: impl FnOnce(),
        act: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        if !cfg!(debug_assertions) {
            return act();
        }
        match self.ordered() {
            None => act(),
            Some(Kind::KillBefore) => die(),
            Some(Kind::KillWithin) => {
                half();
                die()
            }
            Some(Kind::KillAfter) => {
                drop(act());
                die()
            }
            Some(Kind::Full) if self.frees => act(),
            Some(Kind::Full) => Err(Errno::NOSPC.into()),
            Some(Kind::Fails(errno) | Kind::Stays(errno)) => Err(errno.into()),
        }
    }

    /// What is to happen to this step: counts it, and notes it where a test wants to know.
    fn ordered(self) -> Option<Kind> {
        static ORDER: OnceLock<Option<Order>> = OnceLock::new();
        static ALL: AtomicU32 = AtomicU32::new(0);
        static NAMED: AtomicU32 = AtomicU32::new(0);
        static STAYS: AtomicBool = AtomicBool::new(false);
        let number = ALL.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(list) = std::env::var_os("LIGHTSHIP_STEPS") {
            self.note(Path::new(&list), number);
        }
        let read = || std::env::var("LIGHTSHIP_STEP").ok().and_then(|text| Order::parse(&text));
        let order = ORDER.get_or_init(read).as_ref()?;
        if STAYS.load(Ordering::SeqCst) {
            return Some(order.kind);
        }
        let number = match &order.name {
            None => number,
            Some(name) if name == self.name => NAMED.fetch_add(1, Ordering::SeqCst) + 1,
            Some(_) => return None,
        };
        if number != order.count {
            return None;
        }
        STAYS.store(order.kind.stays(), Ordering::SeqCst);
        Some(order.kind)
    }

    fn note(self, list: &Path, number: u32) {
        let line = format!("{number} {} {}\n", self.name, self.path.display());
        let file = OpenOptions::new().append(true).create(true).open(list);
        // A test that misses a line says so itself.
        drop(file.and_then(|mut file| file.write_all(line.as_bytes())));
    }
}

/// Ends this process as `kill -9` does.
fn die() -> ! {
    let pid = rustix::process::getpid();
    loop {
        // The signal ends all threads; until it has come there is nothing to do.
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap_or_default();
        std::thread::park_timeout(std::time::Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_name_a_step_by_its_number_or_by_its_name_and_count() {
        let order = Order::parse("enospc@17").unwrap();
        assert_eq!((order.kind, order.name, order.count), (Kind::Fails(Errno::NOSPC), None, 17));
        let order = Order::parse("kill-after@rename#3").unwrap();
        assert_eq!(order.kind, Kind::KillAfter);
        assert_eq!((order.name.as_deref(), order.count), (Some("rename"), 3));
        for bad in ["", "eio", "eio@", "eio@x", "boom@1", "eio@rename#"] {
            assert!(Order::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn without_an_order_a_step_is_what_it_does() {
        let step = Step { name: "write", path: Path::new("/x"), frees: false };
        assert_eq!(step.perform(|| (), || Ok(3)).unwrap(), 3);
        assert!(step.perform(|| (), || Err::<(), _>(io::Error::other("x"))).is_err());
    }
}
