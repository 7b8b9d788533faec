//! Looking after a tool directory by hand: does everything hold, repair what does not, remove
//! what nobody wants, read the audit trail, see what the machine gives.

pub mod doctor;
pub mod gc;
pub mod repair;
pub(crate) mod retire;
pub mod trail;
pub mod verify;

use std::fs;

use crate::clock::now;
use crate::error::{LoaderError, Result};
use crate::store::audit::{self, Act};
use crate::store::volume::settle;
use crate::store::{DirLock, ToolDir};

/// Takes the directory's lock for a care-taker, who does not wait for a loader: that may take
/// hours.
fn alone(dir: &ToolDir) -> Result<DirLock> {
    if DirLock::is_taken(dir) {
        let holder = fs::read_to_string(dir.lock()).unwrap_or_default().trim().to_owned();
        return Err(LoaderError::Busy { path: dir.root().to_owned(), holder });
    }
    DirLock::take(dir, &settle(dir.root()).locking, &|_| {}, || ())
}

/// Notes an act of the command `verb`. A trail that can't be written (a volume that is
/// read-only, say) stops no care.
fn note(dir: &ToolDir, verb: &str, act: &Act) {
    let who = rustix::process::getuid().as_raw();
    let by = format!("lightship {verb} {} of user {who}", std::process::id());
    drop(audit::append(dir, now(), &by, act));
}
