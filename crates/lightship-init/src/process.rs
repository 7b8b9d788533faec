//! Starting processes: the one place that forks.

use std::io;
use std::path::Path;
use std::process::{Child, Command};

use lightship_model::exit;
use rustix::process::Pid;

use crate::sys::{self, Leads, Mask};

/// Starts `command`. The caller enters the process in its table before it waits for anything
/// else, and never waits for the child itself: the reaper does.
pub(crate) fn spawn(command: &mut Command, leads: Leads, mask: Mask) -> io::Result<Started> {
    sys::prepare(command, leads, mask);
    #[expect(clippy::disallowed_methods, reason = "the one place that forks")]
    let child = command.spawn()?;
    match i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        Some(pid) => Ok(Started { pid, child }),
        None => Err(io::Error::other("the process has no usable id")),
    }
}

/// A process that was started; of `child` only the pipes are used.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) pid: Pid,
    pub(crate) child: Child,
}

/// What could not be executed: the shell's code for it, and why.
#[derive(Debug)]
pub(crate) struct NotStarted {
    pub(crate) code: u8,
    pub(crate) error: String,
}

impl NotStarted {
    /// Says why `command` could not be started; `what` is what it is to lightship.
    pub(crate) fn new(what: &str, command: &Command, error: &io::Error) -> Self {
        let program = command.get_program().to_string_lossy();
        // The same error comes from a working directory that is missing.
        let bad_dir = command.get_current_dir().filter(|dir| !dir.is_dir());
        if let Some(dir) = bad_dir {
            let dir = dir.display();
            return Self {
                code: exit::NOT_EXECUTABLE,
                error: format!("can't start {what} in `{dir}`: it is no directory"),
            };
        }
        let missing = error.kind() == io::ErrorKind::NotFound;
        let hint = if missing && program.contains('/') && Path::new(program.as_ref()).exists() {
            " (the file is there: the interpreter or loader it names is not)"
        } else if missing && !program.contains('/') {
            " (there is no such program on the PATH)"
        } else {
            ""
        };
        let code = if missing { exit::NOT_FOUND } else { exit::NOT_EXECUTABLE };
        Self { code, error: format!("can't execute {what} `{program}`: {error}{hint}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_started(program: &str, dir: &str, kind: io::ErrorKind) -> NotStarted {
        let mut command = Command::new(program);
        command.current_dir(dir);
        NotStarted::new("the service", &command, &kind.into())
    }

    #[test]
    fn the_codes_are_the_shells_and_the_text_says_what_is_missing() {
        let missing = not_started("no-such", "/", io::ErrorKind::NotFound);
        assert_eq!(missing.code, 127);
        assert!(missing.error.contains("on the PATH"), "{}", missing.error);
        assert_eq!(not_started("/etc/passwd", "/", io::ErrorKind::PermissionDenied).code, 126);
        let dir = not_started("true", "/no/such", io::ErrorKind::NotFound);
        assert_eq!(dir.code, 126);
        assert!(dir.error.contains("`/no/such`"), "{}", dir.error);
    }
}
