//! A tree as a root to run programs in: written out, and entered in a mount namespace of its own.
//! What is written there is nobody's but the caller's, and is gone with the room. It takes root.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::BuildError;
use super::cache::Cache;
use super::directory;
use super::tree::Tree;

/// Where programs of this machine are looked for, administrators' included.
const OWN_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// What a process without a `PATH` of its own is given.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Devices and, where it is wanted, a directory of this machine. Then `$root` is entered by
/// `unshare`, which needs no program of the root for that: `$PATH` in there is an argument.
const MOUNTS: &str = "set -e; root=$1 path=$2 from=$3 to=$4; shift 4; \
    mount --rbind /dev \"$root/dev\"; \
    if [ -n \"$from\" ]; then mount --bind \"$from\" \"$root$to\"; fi; \
    enter=$(command -v unshare); ";

/// With this machine's processes.
const TOGETHER: &str = "mount --bind /proc \"$root/proc\"; export PATH=\"$path\"; \
    exec \"$enter\" --root \"$root\" \"$@\"";

/// With processes and a loopback of its own. The shell is the first process there: it is told to
/// end with all others, waits for the command, and takes along whoever is left.
const ALONE: &str = "mount -t proc proc \"$root/proc\"; mount -t sysfs sysfs \"$root/sys\"; \
    echo 0x9 > \"$root/sys/class/net/lo/flags\"; export PATH=\"$path\"; set +e; trap : TERM; \
    \"$enter\" --root \"$root\" \"$@\" & child=$!; \
    while :; do wait $child; code=$?; kill -0 $child 2>/dev/null || exit $code; done";

/// Directories that have to be there to be mounted on, or that programs take for granted.
const FOLDERS: [(&str, u32); 6] = [
    ("dev", 0o755),
    ("etc", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("sys", 0o555),
    ("tmp", 0o1777),
];

/// What a builder that was killed left is removed when it is older than this: a new one is
/// locked only a moment after it was made.
const SETTLED: Duration = Duration::from_mins(1);

/// A root that was written out.
pub(super) struct Room {
    place: PathBuf,
    /// Locked as long as the room is wanted.
    _lock: File,
}

/// How a room is entered.
pub(super) struct Entry<'a> {
    pub(super) env: &'a BTreeMap<String, OsString>,
    /// A directory of this machine, and its absolute path in the root.
    pub(super) bind: Option<(&'a Path, &'a str)>,
    /// No process and no network of the machine is seen, and nothing that was started is left
    /// when the command has ended. Otherwise the machine's are.
    pub(super) alone: bool,
    /// User and group.
    pub(super) ids: (u32, u32),
    /// The working directory in the root.
    pub(super) dir: &'a str,
}

impl Room {
    /// Writes `tree` into a place of the cache.
    pub(super) fn make(tree: &Tree, cache: &Cache) -> Result<Self, BuildError> {
        use std::os::unix::fs::PermissionsExt as _;

        sweep(cache);
        // A process of the same number may have left one a moment ago.
        let place = iter::repeat_with(|| cache.aside()).find(|it| !it.exists()).unwrap_or_default();
        let lock = fs::create_dir(&place).and_then(|()| {
            let lock = File::open(&place)?;
            // Where there are no locks nothing is swept either.
            flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap_or_default();
            Ok(lock)
        });
        let lock = lock.map_err(BuildError::io("make", &place))?;
        let new = Self { place, _lock: lock };
        let root = new.root();
        directory::write(tree, &root, true)?;
        for (folder, mode) in FOLDERS {
            let path = root.join(folder);
            if !path.is_dir() {
                let rights = fs::Permissions::from_mode(mode);
                let made =
                    fs::create_dir_all(&path).and_then(|()| fs::set_permissions(&path, rights));
                made.map_err(BuildError::io("make", &path))?;
            }
        }
        Ok(new)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.place.join("root")
    }

    /// A file beside the root.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// The command that runs `words` in the root; both of its streams are piped.
    pub(super) fn enter(&self, entry: &Entry<'_>, words: &[String]) -> Command {
        let path = entry.env.get("PATH").cloned().unwrap_or_else(|| PATH.into());
        let (from, to) = entry.bind.unwrap_or((Path::new(""), ""));
        let mut command = Command::new("setpriv");
        // Should the builder be killed, the kernel ends it all.
        command.args(["--pdeathsig", "KILL", "unshare", "--mount"]);
        if entry.alone {
            command.args(["--net", "--ipc", "--pid", "--kill-child"]);
        }
        let script = [MOUNTS, if entry.alone { ALONE } else { TOGETHER }].concat();
        command.args(["sh", "-c", &script, "sh"]);
        command.arg(self.root()).arg(path).arg(from).arg(to);
        let (uid, gid) = entry.ids;
        command.args(["--wd", entry.dir]);
        if (uid, gid) != (0, 0) {
            command.arg(format!("--setgid={gid}")).arg(format!("--setuid={uid}"));
        }
        command.arg("--").args(words);
        command.env_clear().envs(entry.env).env("PATH", OWN_PATH);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Nothing is mounted there any more: the namespace is gone with its processes.
        drop(fs::remove_dir_all(&self.place));
    }
}

/// Removes rooms whose builder was killed.
fn sweep(cache: &Cache) {
    let aside = cache.aside();
    let Some(Ok(entries)) = aside.parent().map(fs::read_dir) else { return };
    for entry in entries.flatten() {
        let old = entry.metadata().is_ok_and(|it| {
            let age = it.modified().map(|time| time.elapsed().unwrap_or_default());
            it.is_dir() && age.is_ok_and(|age| age > SETTLED)
        });
        let ours = |lock: &File| flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok();
        if old && File::open(entry.path()).is_ok_and(|lock| ours(&lock)) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// That only root can do `what`, where this is not root.
pub(super) fn only_root(what: &str) -> Result<(), BuildError> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(BuildError::Input(format!(
        "{what} takes root, as it is done in the image's own root: build as root, or without it"
    )))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_a_killed_builder_left_is_removed_and_what_is_in_use_or_new_stays() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path()).unwrap();
        let long_ago = SystemTime::now() - 2 * SETTLED;
        let make = |old: bool| {
            let place = cache.aside();
            fs::create_dir_all(place.join("root/bin")).unwrap();
            let lock = File::open(&place).unwrap();
            if old {
                lock.set_modified(long_ago).unwrap();
            }
            (place, lock)
        };
        let [left, used, new] = [true, true, false].map(make);
        drop((left.1, new.1));
        flock(&used.1, FlockOperation::NonBlockingLockExclusive).unwrap();
        sweep(&cache);
        assert_eq!([left.0.exists(), used.0.exists(), new.0.exists()], [false, true, true]);
    }
}
