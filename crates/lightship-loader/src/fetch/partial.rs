//! `.part` files: what of a download is there already. They outlive an attempt and a loader,
//! under a name that says what they are a part of, until the file is whole.
//!
//! Beside each stands what its server said of the file: without that, bytes of two files could
//! be joined. A part has one writer; who comes second writes a file of its own.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use lightship_model::digest::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::head::Validator;
use crate::store::disk::{self as fs, File, OpenOptions, TryLockError};
use crate::store::volume::boot_id;

/// How long a part that nobody asks for is kept.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// Parts that this process is writing. A lock on the file says the same to other processes,
/// where the volume has locks.
static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// What a server said of the file that a part is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Note {
    pub(super) total: Option<u64>,
    pub(super) validator: Option<Validator>,
    /// The boot in which it was written: after a power cut, bytes that were never synced may be
    /// missing in the middle. A digest finds that out; without one, only this does.
    pub(super) boot: String,
}

/// A part that is being written.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    have: u64,
    /// Its name is taken by another writer: nobody will go on with this one.
    alone: bool,
}

impl Part {
    /// Opens the part of the file with digest `wanted`, or of what is at `url`, with what is
    /// there of it.
    pub(super) fn open(dir: &Path, wanted: Option<&Digest>, url: &str) -> io::Result<(Self, Note)> {
        fs::create_dir_all(dir)?;
        let name = match wanted {
            Some(digest) => format!("{}.part", digest.as_str()),
            None => format!("url-{}.part", Digest::of(url.as_bytes()).as_str()),
        };
        let Some(mut part) = Self::claim(dir.join(&name))? else {
            return Ok((Self::alone(dir, &name)?, Note::default()));
        };
        let note = part.note();
        let usable = wanted.is_some() || note.as_ref().is_some_and(|note| note.boot == boot_id());
        if usable {
            part.take_in()?;
        } else {
            part.cut(0)?;
        }
        Ok((part, note.unwrap_or_default()))
    }

    /// The file of that name, unless somebody writes it.
    fn claim(path: PathBuf) -> io::Result<Option<Self>> {
        if !HELD.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone()) {
            return Ok(None);
        }
        // From here on the name is given back when the part is dropped, or the error is.
        let release = |error| {
            HELD.lock().unwrap_or_else(PoisonError::into_inner).remove(&path);
            error
        };
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let opened = fs::step("open", &path, || options.open(&path));
        let file = opened.map_err(release)?;
        let part = Self { path, file, hasher: Sha256::new(), have: 0, alone: false };
        // Another process may hold it, or have made it the whole file just now.
        let taken = matches!(part.file.try_lock(), Err(TryLockError::WouldBlock));
        let here = fs::metadata(&part.path).map(|found| (found.dev(), found.ino())).ok();
        let ours = part.file.metadata().map(|found| (found.dev(), found.ino())).ok();
        Ok((!taken && here == ours).then_some(part))
    }

    fn alone(dir: &Path, name: &str) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!("{name}.{}-{count}", std::process::id()));
        let file = fs::create(&path)?;
        Ok(Self { path, file, hasher: Sha256::new(), have: 0, alone: true })
    }

    /// Reads what is there, for the digest and for how much it is.
    fn take_in(&mut self) -> io::Result<()> {
        let mut block = vec![0; 128 * 1024];
        loop {
            let count = self.file.read(&mut block)?;
            if count == 0 {
                return Ok(());
            }
            self.hasher.update(&block[..count]);
            self.have += count as u64;
        }
    }

    pub(super) fn have(&self) -> u64 {
        self.have
    }

    /// Keeps the first `from` bytes: all of them, or none.
    pub(super) fn cut(&mut self, from: u64) -> io::Result<()> {
        if from == self.have && from > 0 {
            return Ok(());
        }
        fs::step("truncate", &self.path, || self.file.set_len(0))?;
        self.file.rewind()?;
        (self.hasher, self.have) = (Sha256::new(), 0);
        Ok(())
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        fs::write_all(&mut self.file, &self.path, bytes)?;
        self.hasher.update(bytes);
        self.have += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::from_hasher(self.hasher.clone())
    }

    /// Notes what the server said; a note that can't be written costs a resumption, no more.
    pub(super) fn write_note(&self, total: Option<u64>, validator: Option<Validator>) {
        if self.alone {
            return;
        }
        let note = Note { total, validator, boot: boot_id() };
        let aside = self.path.with_extension("note-aside");
        let text = serde_json::to_vec(&note).unwrap_or_default();
        let written = fs::write(&aside, text).and_then(|()| fs::rename(&aside, self.note_path()));
        if written.is_err() {
            drop(fs::remove_file(self.note_path()));
        }
    }

    fn note(&self) -> Option<Note> {
        serde_json::from_slice(&fs::read(self.note_path()).ok()?).ok()
    }

    fn note_path(&self) -> PathBuf {
        self.path.with_extension("json")
    }

    /// The whole file goes to `to`, and there is no part any more.
    pub(super) fn finish(self, to: &Path) -> io::Result<()> {
        match fs::rename(&self.path, to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                fs::step("copy", to, || std::fs::copy(&self.path, to))?;
            }
            other => other?,
        }
        self.discard();
        Ok(())
    }

    /// Removes the part: nobody shall go on with it.
    pub(super) fn discard(&self) {
        drop(fs::remove_file(&self.path));
        if !self.alone {
            drop(fs::remove_file(self.note_path()));
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.alone {
            drop(fs::remove_file(&self.path));
        } else {
            HELD.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.path);
        }
    }
}

/// Removes what has lain in `dir` for a week. Under the lock of the tool directory.
pub(crate) fn expire(dir: &Path, now: SystemTime) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|found| found.modified());
        let age = modified.map(|modified| now.duration_since(modified).unwrap_or_default());
        if age.is_ok_and(|age| age > KEPT) {
            // The next sweep tries again.
            drop(fs::remove_file(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_part_is_found_again_and_gone_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let parts = dir.path().join("parts");
        let whole = Digest::of(b"one two");
        let (mut part, note) = Part::open(&parts, Some(&whole), "u").unwrap();
        assert_eq!(note, Note::default());
        part.write_note(Some(7), Some(Validator::Etag("\"x\"".into())));
        part.append(b"one ").unwrap();
        drop(part);
        let (mut part, note) = Part::open(&parts, Some(&whole), "another").unwrap();
        assert_eq!((part.have(), note.total), (4, Some(7)));
        part.append(b"two").unwrap();
        assert_eq!(part.digest(), whole);
        part.finish(&dir.path().join("file")).unwrap();
        assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"one two");
        assert_eq!(names(&parts), [""; 0]);
    }

    #[test]
    fn two_writers_of_one_file_write_two() {
        let dir = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"same");
        let (mut first, _) = Part::open(dir.path(), Some(&digest), "u").unwrap();
        let (mut second, _) = Part::open(dir.path(), Some(&digest), "u").unwrap();
        for part in [&mut first, &mut second] {
            part.append(b"same").unwrap();
            assert_eq!(part.digest(), digest);
        }
        let to = dir.path().join("file");
        second.finish(&to).unwrap();
        first.finish(&to).unwrap();
        assert_eq!(names(dir.path()), ["file"]);
        // The name is free again.
        let (third, _) = Part::open(dir.path(), Some(&digest), "u").unwrap();
        assert!(!third.alone);
    }

    #[test]
    fn a_part_that_another_process_holds_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"x");
        let path = dir.path().join(format!("{}.part", digest.as_str()));
        let other = File::create(&path).unwrap();
        other.lock().unwrap();
        let (part, _) = Part::open(dir.path(), Some(&digest), "u").unwrap();
        assert!(part.alone);
        drop(part);
        assert_eq!(names(dir.path()).len(), 1);
    }

    #[test]
    fn without_a_digest_only_what_this_boot_wrote_is_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let begin = || {
            let (mut part, _) = Part::open(dir.path(), None, "u").unwrap();
            part.cut(0).unwrap();
            part.write_note(None, None);
            part.append(b"x").unwrap();
            part.note_path()
        };
        let note = begin();
        assert_eq!(Part::open(dir.path(), None, "u").unwrap().0.have(), 1);
        fs::write(&note, r#"{"total":null,"validator":null,"boot":"another"}"#).unwrap();
        assert_eq!(Part::open(dir.path(), None, "u").unwrap().0.have(), 0);
    }

    #[test]
    fn what_nobody_has_asked_for_in_a_week_goes() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.part"), "x").unwrap();
        let now = SystemTime::now();
        expire(dir.path(), now + KEPT / 2);
        assert_eq!(names(dir.path()), ["a.part"]);
        expire(dir.path(), now + KEPT * 2);
        assert_eq!(names(dir.path()), [""; 0]);
    }
}
