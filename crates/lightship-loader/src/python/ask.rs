//! Asking an interpreter one question, for so long and no longer: it may be a wrapper that waits
//! for a network, or lie on a volume that hangs.

use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// Far more than an interpreter on a slow disk takes, or pyenv's wrapper in front of it.
const LIMIT: Duration = Duration::from_secs(15);
/// In bytes; two lines are expected.
const LONGEST_ANSWER: u64 = 64 << 10;

/// The limit, unless `LIGHTSHIP_PYTHON_TIMEOUT` names another one, in seconds.
pub(super) fn limit() -> Duration {
    let named = std::env::var("LIGHTSHIP_PYTHON_TIMEOUT").ok().and_then(|text| text.parse().ok());
    named.filter(|seconds| *seconds > 0).map_or(LIMIT, Duration::from_secs)
}

/// What `program` prints for the Python text `question`, or in words why nothing comes.
pub(super) fn ask(program: &Path, question: &str, limit: Duration) -> Result<String, String> {
    let until = Instant::now() + limit;
    let told = |error: io::Error| format!("{} can't be run: {error}", program.display());
    let mut command = Command::new(program);
    command.env_clear();
    // What pyenv's wrapper needs, and nothing of the service's secrets.
    for name in ["PATH", "HOME", "PYENV_ROOT", "PYENV_VERSION"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.args(["-S", "-c", question]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    // A wrapper's children end with it; the session stays the loader's, so that it is known.
    command.process_group(0);
    let mut asked = Asked(command.spawn().map_err(told)?);
    let answer = asked.answer().map_err(told)?;
    let late =
        || format!("{} gave no answer within {} s", program.display(), limit.as_secs_f32().ceil());
    let status = asked.ended(until).map_err(told)?.ok_or_else(late)?;
    if !status.success() {
        return Err(format!("{} does not run: {status}", program.display()));
    }
    // A child that it left running may hold the pipe.
    let left = until.saturating_duration_since(Instant::now());
    let answer = answer.recv_timeout(left).map_err(|_| late())?.map_err(told)?;
    String::from_utf8(answer).map_err(|_| format!("{}'s answer is no text", program.display()))
}

/// An interpreter that was asked; nothing of it is alive when this is dropped.
struct Asked(Child);

impl Asked {
    /// What it prints until it closes its output: read aside, as it may never do so.
    fn answer(&mut self) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
        let (sender, receiver) = channel();
        let output = self.0.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
        let read = move || {
            let mut bytes = Vec::new();
            let read = output.take(LONGEST_ANSWER).read_to_end(&mut bytes);
            // Nobody listens any more when it took too long.
            drop(sender.send(read.map(|_| bytes)));
        };
        thread::Builder::new().name("python".to_owned()).spawn(read)?;
        Ok(receiver)
    }

    /// Waits for its end; nothing when it has not come in time.
    fn ended(&mut self, until: Instant) -> io::Result<Option<ExitStatus>> {
        let Some(pid) = self.pid() else { return self.0.try_wait() };
        let end = pidfd_open(pid, PidfdFlags::empty())?;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(status));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::from_borrowed_fd(end.as_fd(), PollFlags::IN)], Some(&left)) {
                Err(rustix::io::Errno::INTR) | Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.0.id()).ok()?)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // While it has not been waited for, its number is its own. When it has, a group of that
        // number is what it left running.
        if let Some(pid) = self.pid() {
            kill_process_group(pid, Signal::KILL).unwrap_or_default();
        }
        // It was killed: this takes no time.
        drop(self.0.wait());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn program(place: &Path, script: &str) -> PathBuf {
        let (written, path) = (place.join("written"), place.join("python3"));
        fs::write(&written, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&written, fs::Permissions::from_mode(0o755)).unwrap();
        // By another process: one that a test beside this starts may have inherited the file while
        // it was written here, and what is open to be written can't be run.
        drop(fs::remove_file(&path));
        assert!(Command::new("cp").arg(&written).arg(&path).status().unwrap().success());
        path
    }

    #[test]
    fn one_that_hangs_is_ended_with_its_children() {
        let place = tempfile::tempdir().unwrap();
        let marker = place.path().join("pid");
        let script = format!("sleep 1000 &\necho $! > '{}'\nwait", marker.display());
        let program = program(place.path(), &script);
        let begun = Instant::now();
        let error = ask(&program, "", Duration::from_secs(1)).unwrap_err();
        assert!(error.ends_with("python3 gave no answer within 1 s"), "{error}");
        assert!(begun.elapsed() < Duration::from_mins(1));
        let child = fs::read_to_string(marker).unwrap();
        let stat = format!("/proc/{}/stat", child.trim());
        // It dies when it gets a processor, and whoever its new parent is takes it away.
        let end = Instant::now() + Duration::from_secs(10);
        while let Ok(stat) = fs::read_to_string(&stat)
            && !stat.contains(") Z ")
        {
            assert!(Instant::now() < end, "{stat}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn an_answer_comes_at_once_and_what_is_none_has_a_reason() {
        let place = tempfile::tempdir().unwrap();
        let limit = Duration::from_mins(1);
        assert_eq!(ask(&program(place.path(), "echo one"), "", limit).unwrap(), "one\n");
        let error = ask(&program(place.path(), "exit 3"), "", limit).unwrap_err();
        assert!(error.ends_with("does not run: exit status: 3"), "{error}");
        let error = ask(&place.path().join("nothing"), "", limit).unwrap_err();
        assert!(error.contains("can't be run: No such file"), "{error}");
    }

    #[test]
    fn one_that_leaves_a_child_with_the_pipe_is_not_waited_for_for_ever() {
        let place = tempfile::tempdir().unwrap();
        let error = ask(&program(place.path(), "sleep 1000 & echo"), "", Duration::from_secs(1));
        assert!(error.unwrap_err().contains("no answer within 1 s"));
    }
}
