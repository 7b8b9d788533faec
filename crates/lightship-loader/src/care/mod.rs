//! Looking after a tool directory by hand: does everything hold, repair what does not, remove
//! what nobody wants, read the audit trail, see what the machine gives.

pub mod doctor;
pub mod gc;
pub(crate) mod idle;
pub mod repair;
pub(crate) mod retire;
pub mod trail;
pub(crate) mod verified;
pub mod verify;

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::now;
use crate::error::{LoaderError, Result};
use crate::store::audit::{self, Act};
use crate::store::lock::Locking;
use crate::store::volume::{Places, settle};
use crate::store::{DirLock, ToolDir};

/// Where tools are installed, for those who change it.
fn installing(root: &Path) -> Result<Places> {
    let places = settle(root);
    if places.nowhere {
        let why = places.report.why.unwrap_or_default();
        let source = io::Error::other(why);
        return Err(LoaderError::Unusable { path: root.to_owned(), source });
    }
    Ok(places)
}

/// How long a lock may outlive who took it: a child that was being started when its loader was
/// killed has it until it has become its own program.
const AFTERGLOW: Duration = Duration::from_secs(2);

/// Takes the directory's lock for a care-taker, who does not wait for a loader: that may take
/// hours.
fn alone(dir: &ToolDir, locking: &Locking) -> Result<DirLock> {
    let until = Instant::now() + AFTERGLOW;
    while let Some(holder) = DirLock::taken_by(dir) {
        if Instant::now() > until {
            return Err(LoaderError::Busy { path: dir.root().to_owned(), holder });
        }
        thread::sleep(Duration::from_millis(20));
    }
    DirLock::take(dir, locking, &|_| {}, || ())
}

/// Notes an act of the command `verb`. A trail that can't be written (a volume that is
/// read-only, say) stops no care.
fn note(dir: &ToolDir, verb: &str, act: &Act) {
    let who = rustix::process::getuid().as_raw();
    let by = format!("lightship {verb} {} of user {who}", std::process::id());
    drop(audit::append(dir, now(), &by, act));
}
