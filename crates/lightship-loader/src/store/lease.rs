//! A lease: what keeps a second loader out where no lock does.
//!
//! A file says who holds it, and is renewed while its holder lives. Nobody's clock is trusted:
//! a lease is dead when it has not changed for [`term`] while somebody watched it, or at once when
//! its holder ran in this very container and is gone.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::lock::holder;
use super::replace;
use super::volume::{boot_id, nonce};
use crate::store::disk as fs;

/// How long an unchanged lease still counts; `LOA_LEASE_TERM` (seconds) says otherwise.
const TERM: Duration = Duration::from_secs(20);

/// How long a lease may be away that was taken for a dead one.
const PUT_BACK: Duration = Duration::from_millis(50);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    holder: String,
    /// Tells this taking of the lease from all others.
    nonce: String,
    boot: String,
    pid_namespace: String,
    pid: u32,
    /// When the process began, in the kernel's own count: numbers are used again.
    began: String,
    renewed: u64,
}

impl Note {
    fn own() -> Self {
        let pid = std::process::id();
        Self {
            holder: holder(),
            nonce: format!("{pid}-{}", nonce()),
            boot: boot_id(),
            pid_namespace: pid_namespace(),
            pid,
            began: began(pid).unwrap_or_default(),
            renewed: 0,
        }
    }

    /// Whether its holder is known to be dead: it was in this container, and is not any more.
    fn is_dead(&self) -> bool {
        let here = !self.boot.is_empty()
            && self.boot == boot_id()
            && self.pid_namespace == pid_namespace();
        here && began(self.pid).is_none_or(|began| began != self.began)
    }
}

fn pid_namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.display().to_string()
}

fn began(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The 22nd field; the second is in parentheses and may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

fn term() -> Duration {
    let named = std::env::var("LOA_LEASE_TERM").ok().and_then(|text| text.parse().ok());
    named.filter(|seconds| *seconds > 0).map_or(TERM, Duration::from_secs)
}

/// The right to change a directory, until it is dropped or taken away.
#[derive(Debug)]
pub(super) struct Lease {
    stop: Option<Sender<()>>,
    renewing: Option<JoinHandle<()>>,
    hold: Hold,
}

/// One taking of a lease, for whoever wants to know whether it lasts.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    path: PathBuf,
    nonce: String,
}

impl Hold {
    /// Whether somebody else has, or has had, the lease. A process that was stopped for a while
    /// asks before it changes anything: the next renewal may tell too late.
    pub(crate) fn is_lost(&self) -> bool {
        // Somebody who took it for a dead one puts it back at once.
        self.is_gone() && {
            thread::park_timeout(PUT_BACK);
            self.is_gone()
        }
    }

    fn is_gone(&self) -> bool {
        match fs::read(&self.path) {
            // What can't be read is another one's, who is writing it: ours is replaced whole.
            Ok(text) => {
                serde_json::from_slice(&text).map_or(true, |there: Note| there.nonce != self.nonce)
            }
            // A volume that does not answer for a moment has given the lease to nobody.
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

impl Lease {
    /// Takes the lease `path`; while another has it, tells `waiting` who, and waits. `lost` is
    /// called when somebody else has taken it although this process lives.
    pub(super) fn take(
        path: &Path,
        waiting: &dyn Fn(&str),
        lost: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let note = Note::own();
        let mut seen: Option<(Option<Note>, Instant)> = None;
        while !create(path, &note)? {
            let there = read(path);
            let since = match &seen {
                Some((before, since)) if *before == there => *since,
                _ => Instant::now(),
            };
            if seen.is_none() {
                let name = there.as_ref().map_or("unknown", |note| note.holder.as_str());
                waiting(name);
            }
            if there.as_ref().is_some_and(Note::is_dead) || since.elapsed() > term() {
                clear(path, there.as_ref())?;
                seen = Some((None, Instant::now()));
                continue;
            }
            seen = Some((there, since));
            thread::park_timeout(term() / 20);
        }
        let (stop, stopped) = channel();
        let hold = Hold { path: path.to_owned(), nonce: note.nonce.clone() };
        let own = hold.clone();
        let renew = move || renew(&own, note, &stopped, lost);
        let renewing = thread::Builder::new().name("lease".to_owned()).spawn(renew)?;
        Ok(Self { stop: Some(stop), renewing: Some(renewing), hold })
    }

    pub(super) fn hold(&self) -> &Hold {
        &self.hold
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        // It takes the file away, which must be over before the next one looks.
        if let Some(renewing) = self.renewing.take() {
            drop(renewing.join());
        }
    }
}

/// Whether somebody who may be alive has the lease.
pub(super) fn is_held(path: &Path) -> bool {
    read(path).is_some_and(|note| !note.is_dead())
}

fn read(path: &Path) -> Option<Note> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Whether the lease was free and is ours now.
fn create(path: &Path, note: &Note) -> io::Result<bool> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(&serde_json::to_vec(note)?)?;
            file.sync_all()?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a dead lease away. Somebody else may do the same, and have taken it by now: then what
/// was moved is put back.
fn clear(path: &Path, dead: Option<&Note>) -> io::Result<()> {
    let aside = aside(path);
    match fs::rename(path, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    }
    let moved = read(&aside);
    if moved.as_ref().map(|note| &note.nonce) == dead.map(|note| &note.nonce) {
        return fs::remove_file(&aside);
    }
    fs::rename(&aside, path)
}

fn aside(path: &Path) -> PathBuf {
    path.with_added_extension(format!("dead-{}-{}", std::process::id(), nonce()))
}

/// Renews the lease until it is given back or lost.
fn renew(
    hold: &Hold,
    mut note: Note,
    stopped: &std::sync::mpsc::Receiver<()>,
    lost: impl FnOnce(),
) {
    loop {
        let stop = !matches!(stopped.recv_timeout(term() / 4), Err(RecvTimeoutError::Timeout));
        if hold.is_lost() {
            return lost();
        }
        if stop {
            drop(fs::remove_file(&hold.path));
            return;
        }
        note.renewed += 1;
        if let Ok(text) = serde_json::to_vec(&note) {
            // Missed once, it is renewed the next time.
            drop(replace(&hold.path, &text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_lease_is_free_again_when_it_was_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease.json");
        for _ in 0..2 {
            let lease = Lease::take(&path, &|_| panic!("it is free"), || ()).unwrap();
            assert!(is_held(&path));
            drop(lease);
            assert!(!path.exists());
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_holder_of_this_container_that_is_gone_holds_nothing_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease.json");
        let dead = Note { began: "1".to_owned(), ..Note::own() };
        assert!(create(&path, &dead).unwrap());
        assert!(!is_held(&path));
        let told = AtomicUsize::new(0);
        let count = |holder: &str| {
            assert!(holder.starts_with("process "), "{holder}");
            told.fetch_add(1, Ordering::SeqCst);
        };
        let _lease = Lease::take(&path, &count, || ()).unwrap();
        assert_eq!(told.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_lease_that_somebody_else_took_meanwhile_is_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease.json");
        let (old, new) = (Note::own(), Note::own());
        assert!(create(&path, &new).unwrap());
        clear(&path, Some(&Note { nonce: "old".to_owned(), ..old })).unwrap();
        assert_eq!(read(&path), Some(new));
    }

    #[test]
    fn the_holder_is_told_when_its_lease_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease.json");
        let (tell, told) = channel();
        let note = Note::own();
        assert!(create(&path, &Note { nonce: "theirs".to_owned(), ..note.clone() }).unwrap());
        let (stop, stopped) = channel();
        drop(stop);
        let hold = Hold { path: path.clone(), nonce: note.nonce.clone() };
        renew(&hold, note, &stopped, move || tell.send(()).unwrap());
        told.recv().unwrap();
        assert!(path.exists(), "it is not ours to take away");
    }

    #[test]
    fn a_lease_that_another_one_has_given_back_already_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease.json");
        let (tell, told) = channel();
        let lost = move || tell.send(()).unwrap();
        let lease = Lease::take(&path, &|_| panic!("it is free"), lost).unwrap();
        assert!(!lease.hold().is_lost());
        fs::remove_file(&path).unwrap();
        assert!(lease.hold().is_lost());
        drop(lease);
        told.recv().unwrap();
        assert!(!path.exists(), "it is not taken anew");
    }
}
