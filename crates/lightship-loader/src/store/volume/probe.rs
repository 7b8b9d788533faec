//! Finding out what a directory's file system can do, by doing it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lightship_model::volume::{Abilities, Ability, Space};
use rustix::fs::{CWD, RenameFlags, StatVfsMountFlags, renameat_with, statvfs};

use super::program;

/// Enough to need room of its own where a few bytes would fit beside something else.
const SAMPLE: [u8; 16 * 1024] = [0x5a; 16 * 1024];

/// How often a program that was just written is busy: another thread's child may still hold it.
const BUSY: u32 = 50;

/// A directory for the trial, removed with it.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is swept with the stage.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What was found, and what kinds of refusal there were.
#[derive(Debug, Default)]
pub(super) struct Trial {
    pub(super) abilities: Abilities,
    pub(super) read_only: bool,
    pub(super) denied: bool,
    pub(super) no_space: bool,
}

impl Trial {
    fn note(&mut self, ability: Ability, result: io::Result<()>) -> bool {
        let Err(error) = result else { return self.abilities.has.insert(ability) };
        match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => self.read_only = true,
            io::ErrorKind::PermissionDenied => self.denied = true,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => self.no_space = true,
            _ => {}
        }
        self.abilities.lacks.insert(ability, error.to_string());
        false
    }
}

/// Only writes: enough where everything else is known.
pub(super) fn writes(stage: &Path) -> Trial {
    let mut trial = Trial::default();
    if let Some(scratch) = make(stage, &mut trial) {
        let written = fs::write(scratch.0.join("file"), SAMPLE);
        trial.note(Ability::Write, written);
    }
    trial
}

/// Tries everything, in `stage`, which is made.
pub(super) fn everything(stage: &Path) -> Trial {
    let mut trial = Trial::default();
    let Some(scratch) = make(stage, &mut trial) else { return trial };
    let at = |name: &str| scratch.0.join(name);
    let file = at("file");
    if !trial.note(Ability::Write, fs::write(&file, SAMPLE)) {
        return trial;
    }
    trial.note(Ability::Fsync, fsync(&file, &scratch.0));
    trial.note(Ability::Flock, flock(&file));
    trial.note(Ability::Hardlink, fs::hard_link(&file, at("hard")));
    trial.note(Ability::Symlink, links(&at("link"), &at("link.new")));
    trial.note(Ability::RenameNoreplace, noreplace(&file, &at("other")));
    trial.note(Ability::Rename, rename(&file, &at("renamed")));
    trial.note(Ability::Exec, exec(&at("program")));
    trial
}

fn make(stage: &Path, trial: &mut Trial) -> Option<Scratch> {
    // Two containers may have the same process numbers.
    let path = stage.join(format!(".probe-{}-{}", std::process::id(), super::nonce()));
    match fs::create_dir_all(&path) {
        Ok(()) => Some(Scratch(path)),
        Err(error) => {
            trial.note(Ability::Write, Err(error));
            None
        }
    }
}

fn fsync(file: &Path, folder: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    File::open(folder)?.sync_all()
}

/// Two openings of one file, as two processes have them.
fn flock(path: &Path) -> io::Result<()> {
    let open = || OpenOptions::new().read(true).write(true).open(path);
    let (first, second) = (open()?, open()?);
    first.lock()?;
    match second.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Err(io::Error::other("two had the lock at once")),
    }
}

/// A link that replaces another, as programs are published.
fn links(link: &Path, aside: &Path) -> io::Result<()> {
    symlink("one", link)?;
    symlink("two", aside)?;
    fs::rename(aside, link)?;
    if fs::read_link(link)? == Path::new("two") {
        return Ok(());
    }
    Err(io::Error::other("a link has another target than it was given"))
}

fn noreplace(file: &Path, other: &Path) -> io::Result<()> {
    fs::write(other, b"other")?;
    match renameat_with(CWD, file, CWD, other, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(()) => {
            fs::rename(other, file)?;
            Err(io::Error::other("it replaced a file"))
        }
    }
}

/// To a name that is free, then over it.
fn rename(file: &Path, renamed: &Path) -> io::Result<()> {
    fs::rename(file, renamed)?;
    fs::write(file, b"new")?;
    fs::rename(file, renamed)?;
    if fs::read(renamed)? == b"new" {
        return Ok(());
    }
    Err(io::Error::other("a renamed file has another content"))
}

fn exec(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o755).open(path)?;
    file.write_all(&program::bytes())?;
    drop(file);
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for _ in 0..BUSY {
        match command.status() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::park_timeout(Duration::from_millis(10));
            }
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => return Err(io::Error::other(format!("it ended with {status}"))),
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::ExecutableFileBusy.into())
}

/// The room there is, and whether the mount is read-only.
pub(super) fn space(dir: &Path) -> Option<(Option<Space>, bool)> {
    let found = statvfs(dir).ok()?;
    let space = Space {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
        // File systems that make them as needed say 0 of 0.
        free_files: (found.f_files > 0).then_some(found.f_favail),
    };
    // One that does not count its blocks is not full.
    let space = (space.total_bytes > 0).then_some(space);
    Some((space, found.f_flag.contains(StatVfsMountFlags::RDONLY)))
}

/// Whether programs on the mount may run, as far as its options say: for one that can't be
/// written to.
pub(crate) fn forbids_exec(dir: &Path) -> bool {
    statvfs(dir).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_directory_can_do_everything_and_nothing_stays_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let stage = dir.path().join("stage");
        let trial = everything(&stage);
        assert!(trial.abilities.lacks.is_empty(), "{trial:?}");
        assert_eq!(trial.abilities.has.len(), 8);
        assert!(writes(&stage).abilities.lacks.is_empty());
        assert_eq!(fs::read_dir(&stage).unwrap().count(), 0);
    }

    #[test]
    fn a_place_that_takes_no_files_says_so() {
        let trial = everything(Path::new("/proc/stage"));
        assert!(trial.abilities.has.is_empty());
        assert!(trial.abilities.lacks.contains_key(&Ability::Write));
    }
}
