//! The volume that the tool directory lies on: looked at before it is trusted.
//!
//! `probe` tries what it can do, in a thread with a time limit; `lightship_model::volume::judge`
//! decides; `settle` acts on it: tools live on the volume, or in the local directory.

mod mount;
mod probe;
mod program;
mod settle;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lightship_model::volume::{Abilities, Ability, Look, Space, Verdict, judge};
use serde::{Deserialize, Serialize};

pub(crate) use self::mount::Mount;
pub(crate) use self::probe::forbids_exec;
pub(crate) use self::settle::{Places, Spare, own_folders, readable, roots, settle};
use super::{ToolDir, replace};
use crate::store::disk as fs;

/// How long a volume has to answer; `LOA_VOLUME_TIMEOUT` (seconds) says otherwise. Long, as a
/// busy disk takes seconds to sync a file, and wrongly leaving a volume costs an install of
/// everything.
const LIMIT: Duration = Duration::from_secs(30);

/// What is known of a volume after looking at it.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    pub(crate) look: Look,
    pub(crate) mount: Option<Mount>,
}

impl Examined {
    pub(crate) fn has(&self, ability: Ability) -> bool {
        matches!(&self.look, Look::Answered { abilities, .. } if abilities.has.contains(&ability))
    }

    pub(crate) fn space(&self) -> Option<Space> {
        match &self.look {
            Look::Answered { space, .. } => *space,
            Look::Missing(_) | Look::Silent(_) => None,
        }
    }
}

/// Looks at the volume of the directory `root`, which is made if it isn't there.
pub(crate) fn examine(root: &Path) -> Examined {
    let owned = root.to_owned();
    let silent = |seconds| Examined { look: Look::Silent(seconds), mount: None };
    within(limit(), move || look(&owned)).unwrap_or_else(|after| silent(after.as_secs()))
}

/// What `work` gives, or after which time it was given up. A call that hangs in the kernel can't
/// be ended: its thread stays, and goes with the process.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Duration> {
    let (sender, receiver) = channel();
    // Nobody listens any more when it took too long.
    let run = move || drop(sender.send(work()));
    if thread::Builder::new().name("volume".to_owned()).spawn(run).is_err() {
        return Err(Duration::ZERO);
    }
    match receiver.recv_timeout(limit) {
        Ok(result) => Ok(result),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(limit),
    }
}

pub(crate) fn limit() -> Duration {
    let named = std::env::var("LOA_VOLUME_TIMEOUT").ok().and_then(|text| text.parse().ok());
    named.filter(|seconds| *seconds > 0).map_or(LIMIT, Duration::from_secs)
}

fn look(root: &Path) -> Examined {
    if let Err(error) = fs::create_dir_all(root) {
        // A mount whose server is gone is there, and says why it is of no use only when asked.
        let asked = fs::metadata(root).err();
        let error = asked.filter(|asked| asked.kind() != io::ErrorKind::NotFound).unwrap_or(error);
        return Examined { look: Look::Missing(error.to_string()), mount: Mount::of(root) };
    }
    let mount = Mount::of(root);
    let dir = ToolDir::at(root);
    let fingerprint = fingerprint(root, mount.as_ref());
    let known = remembered(&dir, &fingerprint);
    if let Some(abilities) = known {
        let trial = probe::writes(&dir.stage());
        if trial.abilities.lacks.is_empty() {
            return Examined { look: answered(root, probe::Trial { abilities, ..trial }), mount };
        }
    }
    let first = answered(root, probe::everything(&dir.stage()));
    // Once more if it is not fit: another loader, which has the lock, may be sweeping the stage.
    let look = match judge(&first) {
        Verdict::Store => first,
        Verdict::Local { .. } => answered(root, probe::everything(&dir.stage())),
    };
    if let (Verdict::Store, Look::Answered { abilities, .. }) = (judge(&look), &look) {
        remember(&dir, fingerprint, abilities.clone());
    }
    Examined { look, mount }
}

fn answered(root: &Path, trial: probe::Trial) -> Look {
    let (space, read_only) = probe::space(root).unwrap_or((None, false));
    // What is no longer free when it is counted was not free when it was tried.
    let space = match space {
        Some(space) if trial.no_space => Some(Space { free_bytes: 0, ..space }),
        // Files were made: one that says there is no room for any does not count them.
        Some(space) if space.free_files == Some(0) => Some(Space { free_files: None, ..space }),
        other => other,
    };
    Look::Answered {
        abilities: trial.abilities,
        space,
        read_only: read_only || trial.read_only,
        denied: trial.denied,
    }
}

/// The room where `dir` is.
pub(crate) fn space(dir: &ToolDir) -> Option<Space> {
    space_at(dir.root())
}

/// The room where `path` is; nothing where the file system does not say.
pub(crate) fn space_at(path: &Path) -> Option<Space> {
    probe::space(path)?.0
}

/// Whether `dir` takes files right now.
pub(crate) fn writes(dir: &ToolDir) -> bool {
    let stage = dir.stage();
    within(limit(), move || probe::writes(&stage).abilities.lacks.is_empty()).unwrap_or(false)
}

/// What was found out about a mount, kept on the volume: a start with everything installed runs
/// no child process.
#[derive(Serialize, Deserialize)]
struct Memory {
    fingerprint: String,
    abilities: Abilities,
}

fn fingerprint(root: &Path, mount: Option<&Mount>) -> String {
    let boot = boot_id();
    let user = rustix::process::geteuid().as_raw();
    let mount = mount.map(Mount::fingerprint).unwrap_or_default();
    format!("{boot} {user} {} {mount}", root.display())
}

fn memory(dir: &ToolDir) -> PathBuf {
    dir.v1().join("volume.json")
}

fn remembered(dir: &ToolDir, fingerprint: &str) -> Option<Abilities> {
    let memory: Memory = serde_json::from_slice(&fs::read(memory(dir)).ok()?).ok()?;
    (memory.fingerprint == fingerprint).then_some(memory.abilities)
}

fn remember(dir: &ToolDir, fingerprint: String, abilities: Abilities) {
    if let Ok(text) = serde_json::to_vec_pretty(&Memory { fingerprint, abilities }) {
        // Only a memory: without it everything is tried again next time.
        drop(replace(&memory(dir), &text));
    }
}

/// The number of this run of the kernel; empty where it is not told.
pub(crate) fn boot_id() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

/// A number that another process has not, as a rule.
pub(crate) fn nonce() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos())
}

/// Makes sure that the local directory `local` is there and nobody else's: it lies in a directory
/// that everybody may write to. Others may read it, as a service may run as another user.
///
/// # Errors
/// When it can't be made, or somebody else made it.
pub fn secure_local(local: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
    if let Some(parent) = local.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::DirBuilder::new().mode(0o755).create(local) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(local)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        let what = if found.is_dir() { "another user's directory" } else { "no directory" };
        let message = format!("`{}` is {what}", local.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    if found.mode() & 0o022 != 0 {
        // It is ours: whoever could write to it until now no longer can.
        fs::set_permissions(local, fs::Permissions::from_mode(found.mode() & 0o7755))?;
    }
    Ok(())
}

/// Whether the local directory `local` is there and this user's own. Changes nothing.
pub(crate) fn is_ours(local: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    std::fs::symlink_metadata(local)
        .is_ok_and(|found| found.is_dir() && found.uid() == own && found.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests;
