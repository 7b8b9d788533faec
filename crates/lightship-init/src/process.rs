//! Starting processes: from words to what the kernel needs, and from its refusal to what people
//! need to know.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use lightship_model::exit;
use rustix::process::Pid;

use crate::sys::{Failure, Inherited, Leads, Plan, Step, spawn};

/// Where programs are looked for when there is no `PATH`, as the C library has it.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A process to start.
pub(crate) struct Launch<'a> {
    /// What it is to lightship, for messages.
    pub(crate) what: &'static str,
    pub(crate) argv: &'a [OsString],
    /// Additions to lightship's own environment.
    pub(crate) env: &'a [(String, String)],
    pub(crate) start_dir: Option<BorrowedFd<'a>>,
    pub(crate) dir: Option<&'a str>,
    pub(crate) leads: Leads,
    pub(crate) terminal: bool,
    pub(crate) inherited: &'a Inherited,
    /// Descriptors to have under other numbers: `(open, wanted)`.
    pub(crate) moves: &'a [(RawFd, RawFd)],
    /// Descriptors that it gets under their own numbers.
    pub(crate) keep: &'a [RawFd],
    /// It gets the listening sockets that were passed to lightship (`LISTEN_FDS`).
    pub(crate) listens: bool,
}

/// What could not be executed: the shell's code for it, and why.
#[derive(Debug)]
pub(crate) struct NotStarted {
    pub(crate) code: u8,
    pub(crate) error: String,
}

impl Launch<'_> {
    /// Starts it. The caller enters the process in its table before it waits for anything else.
    pub(crate) fn start(&self) -> Result<Pid, NotStarted> {
        let program = self.argv.first().map(OsString::as_os_str).unwrap_or_default();
        let c_string = |text: &OsStr| {
            CString::new(text.as_bytes()).map_err(|_| NotStarted {
                code: exit::NOT_EXECUTABLE,
                error: format!("can't execute {}: it has a zero byte in its command", self.what),
            })
        };
        let all = |texts: Vec<OsString>| {
            texts.iter().map(|text| c_string(text)).collect::<Result<Vec<_>, _>>()
        };
        let argv = self.argv.iter().map(|word| c_string(word)).collect::<Result<Vec<_>, _>>()?;
        let programs = all(candidates(program, &self.search_path()))?;
        // Where nothing differs from lightship's own environment, that one is used as it is.
        let env = if self.env.is_empty() && !self.listens {
            None
        } else {
            Some(all(self.environment())?)
        };
        let dir = self.dir.map(|dir| c_string(OsStr::new(dir))).transpose()?;
        let plan = Plan {
            programs: &programs,
            argv: &argv,
            env: env.as_deref(),
            start_dir: self.start_dir,
            dir: dir.as_deref(),
            leads: self.leads,
            terminal: self.terminal,
            inherited: self.inherited,
            moves: self.moves,
            keep: self.keep,
            listens: self.listens,
        };
        spawn(&plan).map_err(|failure| self.not_started(program, &failure))
    }

    /// The `PATH` that the process will have, with the tool directory last: it may lie on a volume
    /// that does not answer, and what the image has must be found before that is asked.
    fn search_path(&self) -> OsString {
        let own = |wanted| self.env.iter().find(|(name, _)| name == wanted);
        let Some((_, path)) = own("PATH") else {
            return std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        };
        let Some((_, dir)) = own("LOA_TOOL_DIR") else { return path.into() };
        let is_slow = |folder: &&str| folder.strip_suffix("/bin") == Some(dir);
        let (last, first): (Vec<&str>, Vec<&str>) = path.split(':').partition(is_slow);
        first.into_iter().chain(last).collect::<Vec<_>>().join(":").into()
    }

    fn environment(&self) -> Vec<OsString> {
        let added = |name: &OsStr| self.env.iter().any(|(other, _)| name == other.as_str());
        let entry = |name: &OsStr, value: &OsStr| {
            OsString::from_vec([name.as_bytes(), b"=", value.as_bytes()].concat())
        };
        let mut env: Vec<OsString> = std::env::vars_os()
            .filter(|(name, _)| !added(name))
            .map(|(name, value)| entry(&name, &value))
            .collect();
        env.extend(self.env.iter().map(|(name, value)| entry(name.as_ref(), value.as_ref())));
        env
    }

    fn not_started(&self, program: &OsStr, failure: &Failure) -> NotStarted {
        let (what, error) = (self.what, &failure.error);
        let shown = program.to_string_lossy();
        let (code, error) = match failure.step {
            Step::Clone => {
                let why = match error.raw_os_error() {
                    Some(libc::EAGAIN) => {
                        " (a limit of processes is reached: RLIMIT_NPROC or the container's)"
                    }
                    _ => "",
                };
                (exit::INTERNAL, format!("can't start a process for {what}: {error}{why}"))
            }
            Step::SetUp => (exit::INTERNAL, format!("can't set {what} up: {error}")),
            Step::Directory => {
                let dir = self.dir.unwrap_or(".");
                (exit::NOT_EXECUTABLE, format!("can't start {what} in `{dir}`: {error}"))
            }
            Step::Execute => {
                let missing = error.raw_os_error() == Some(libc::ENOENT);
                let hint = if !missing {
                    ""
                } else if !shown.contains('/') {
                    " (there is no such program on the PATH)"
                } else if Path::new(program).exists() {
                    " (the file is there: the interpreter or loader it names is not)"
                } else {
                    ""
                };
                let code = if missing { exit::NOT_FOUND } else { exit::NOT_EXECUTABLE };
                (code, format!("can't execute {what} `{shown}`: {error}{hint}"))
            }
        };
        NotStarted { code, error }
    }
}

/// The files that `program` may mean, in their order.
fn candidates(program: &OsStr, search_path: &OsStr) -> Vec<OsString> {
    if program.as_bytes().contains(&b'/') || program.is_empty() {
        return vec![program.to_owned()];
    }
    let join = |dir: &[u8]| {
        // An empty entry means the working directory.
        let dir = if dir.is_empty() { b"." } else { dir };
        OsString::from_vec([dir, b"/", program.as_bytes()].concat())
    };
    search_path.as_bytes().split(|byte| *byte == b':').map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Runtime, take_signals};

    fn not_started(program: &str, dir: &str) -> NotStarted {
        let inherited = take_signals(Runtime::Standard).unwrap();
        let launch = Launch {
            what: "the service",
            argv: &[program.into()],
            env: &[],
            start_dir: None,
            dir: Some(dir),
            leads: Leads::Group,
            terminal: false,
            inherited: &inherited,
            moves: &[],
            keep: &[],
            listens: false,
        };
        launch.start().unwrap_err()
    }

    #[test]
    fn the_codes_are_the_shells_and_the_text_says_what_is_missing() {
        let missing = not_started("no-such", "/");
        assert_eq!(missing.code, 127);
        assert!(missing.error.contains("on the PATH"), "{}", missing.error);
        let missing = not_started("/no/such", "/");
        assert!(missing.error.contains("`/no/such`"), "{}", missing.error);
        assert_eq!(not_started("/etc/passwd", "/").code, 126);
        let dir = not_started("true", "/no/such");
        assert_eq!(dir.code, 126);
        assert!(dir.error.contains("`/no/such`"), "{}", dir.error);
    }

    #[test]
    fn programs_are_looked_for_as_a_shell_does() {
        let paths = |program: &str, path: &str| {
            let found = candidates(program.as_ref(), path.as_ref());
            found.into_iter().map(|path| path.into_string().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(paths("x", "/a::/b"), ["/a/x", "./x", "/b/x"]);
        assert_eq!(paths("./x", "/a"), ["./x"]);
        assert_eq!(paths("", "/a"), [""]);
    }
}
