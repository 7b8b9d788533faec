//! Why an attempt failed, and whether another one can help.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use lightship_model::digest::Digest;
use lightship_model::event::Exit;
use lightship_model::excerpt::{ERROR_LIMIT, error_excerpt};
use lightship_model::name::ToolName;

use crate::confine::{Breach, Level};

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstallError {
    #[error("`{program}` was not found: {help}")]
    NoProgram { program: String, help: &'static str },
    #[error("can't run `{program}`: {source}")]
    Exec { program: String, source: io::Error },
    #[error("{excerpt}\n{}", ended(.what, *.exit))]
    Exit { what: String, exit: Exit, excerpt: String },
    #[error("no end after {}: {what} and everything it started were killed; raise `timeout` or LOA_TOOL_TIMEOUT", humantime(.after))]
    TimedOut { what: String, after: Duration },
    #[error("{what} {breach}: everything it started was killed; {}", .breach.help())]
    Limit { what: String, breach: Breach },
    #[error(
        "confinement is required, and can't be had: {0}; set `confine` or LOA_CONFINE to \"best\" to do without"
    )]
    Unconfined(String),
    #[error("stopped")]
    Stopped,
    #[error("can't {what} `{path}`: {source}")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("no room: needs {needed}, {free} free on `{at}`: make room, or a larger volume")]
    NoSpace { needed: String, free: String, at: PathBuf },
    #[error("can't download {url}: {reason}")]
    Download { url: String, reason: String, retry_can_help: bool },
    #[error("{url} has another content than the manifest says: sha256 {found}, wanted {wanted}")]
    WrongDigest { url: String, found: Digest, wanted: Digest },
    #[error(
        "a file of it is not the locked one, and nothing is installed; if the change is meant, run `lightship lock --upgrade --tool {tool}`. {what}"
    )]
    Changed { tool: ToolName, what: String },
    #[error("can't unpack {file}: {reason}")]
    Archive { file: String, reason: String },
    #[error("installed, but {0}")]
    Result(String),
    #[error("installed, but `{command}` fails: {excerpt}")]
    Verify { command: String, excerpt: String },
    #[error("no space: {why}")]
    NoRoom { why: String },
    #[error("{0}")]
    Recipe(String),
}

impl InstallError {
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    /// The specification's `error`: at most 500 characters, the end of it when it is longer.
    pub(crate) fn text(&self) -> String {
        // Output with a sentence of ours beside it: the output gives way, and its end says most.
        let (before, output, after) = match self {
            Self::Exit { what, exit, excerpt } => {
                (String::new(), excerpt, format!("\n{}", ended(what, *exit)))
            }
            Self::Verify { command, excerpt } => {
                (format!("installed, but `{command}` fails: "), excerpt, String::new())
            }
            _ => return self.to_string().chars().take(ERROR_LIMIT).collect(),
        };
        let taken = before.chars().count() + after.chars().count();
        let skip = (output.chars().count() + taken).saturating_sub(ERROR_LIMIT);
        let output = output.chars().skip(skip);
        before.chars().chain(output).chain(after.chars()).take(ERROR_LIMIT).collect()
    }

    /// What the volume did, if that is why: the same may go well on another one.
    pub(crate) fn volume_failure(&self) -> Option<VolumeFailure> {
        match self {
            Self::Io { source, .. } | Self::Exec { source, .. } => VolumeFailure::of(source),
            Self::Exit { excerpt: text, .. }
            | Self::Archive { reason: text, .. }
            | Self::Download { reason: text, .. }
            | Self::Verify { excerpt: text, .. }
            | Self::Recipe(text)
            | Self::Result(text) => VolumeFailure::in_words(text),
            Self::NoRoom { .. }
            | Self::NoSpace { .. }
            | Self::Limit { breach: Breach::Disk { .. }, .. } => Some(VolumeFailure::Full),
            Self::Limit { .. }
            | Self::Unconfined(_)
            | Self::Changed { .. }
            | Self::NoProgram { .. }
            | Self::TimedOut { .. }
            | Self::Stopped
            | Self::WrongDigest { .. } => None,
        }
    }

    /// Whether the same attempt may end otherwise a moment later.
    pub(crate) fn retry_can_help(&self) -> bool {
        match self {
            Self::Exit { exit: Exit::Signal(_), .. } => true,
            Self::Exit { excerpt, .. } => !is_permanent(excerpt),
            Self::Download { retry_can_help, .. } => *retry_can_help,
            // A full disk fills no less by trying; anything else may pass.
            Self::Io { source, .. } => !matches!(
                source.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::ReadOnlyFilesystem
                    | io::ErrorKind::PermissionDenied
            ),
            Self::NoProgram { .. }
            | Self::Exec { .. }
            | Self::TimedOut { .. }
            | Self::Limit { .. }
            | Self::Unconfined(_)
            | Self::Stopped
            | Self::NoSpace { .. }
            | Self::WrongDigest { .. }
            | Self::Changed { .. }
            | Self::Archive { .. }
            | Self::Result(_)
            | Self::Verify { .. }
            | Self::NoRoom { .. }
            | Self::Recipe(_) => false,
        }
    }
}

/// What a volume did to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VolumeFailure {
    /// It has no room left.
    Full,
    /// It can't be written, or not read, any more.
    Broken,
}

impl VolumeFailure {
    fn of(error: &io::Error) -> Option<Self> {
        use rustix::io::Errno;
        match error.kind() {
            // Also where it was counted before it was tried.
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => return Some(Self::Full),
            io::ErrorKind::ReadOnlyFilesystem => return Some(Self::Broken),
            _ => {}
        }
        let number = error.raw_os_error().map(Errno::from_raw_os_error)?;
        match number {
            Errno::IO | Errno::NOTCONN | Errno::STALE => Some(Self::Broken),
            _ => None,
        }
    }

    /// The C library's words for the same, in what an installer printed.
    fn in_words(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let has = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
        if has(&["no space left on device", "disk quota exceeded", "(os error 28)"]) {
            return Some(Self::Full);
        }
        let broken = ["read-only file system", "input/output error", "endpoint is not connected"];
        has(&broken).then_some(Self::Broken)
    }
}

/// Words with which cargo, pip, uv and npm say that the request itself is wrong.
fn is_permanent(output: &str) -> bool {
    const SIGNS: [&str; 12] = [
        "could not compile",
        "could not find `",
        "failed to parse manifest",
        "failed to select a version",
        "cannot install package",
        "no matching distribution",
        "no solution found",
        "does not satisfy",
        "e404",
        "etarget",
        "no space left on device",
        "command not found",
    ];
    let output = output.to_ascii_lowercase();
    SIGNS.iter().any(|sign| output.contains(sign))
}

/// What a fault in an installer's output may come from.
fn hint(output: &str, level: Level) -> Option<&'static str> {
    let denied = ["permission denied", "eacces", "operation not permitted", "eperm"];
    let output = output.to_ascii_lowercase();
    // The dynamic loader's words, also when it is Python that passes them on.
    if output.contains("cannot open shared object file") {
        return Some(
            "(the machine lacks that library; an image has all of libc6 by its slice `all`)",
        );
    }
    (level.landlock.is_some() && denied.iter().any(|sign| output.contains(sign)))
        .then_some("(installers may write only to $PREFIX and $STAGE)")
}

fn humantime(duration: &Duration) -> String {
    lightship_model::duration::HumanDuration(*duration).to_string()
}

/// The end of an installer's output as an error.
pub(crate) fn exit_error(what: &str, exit: Exit, output: &str, level: Level) -> InstallError {
    let mut excerpt = match error_excerpt(output) {
        excerpt if excerpt.is_empty() => "it printed nothing".to_owned(),
        excerpt => match full_disk(output).filter(|_| full_disk(&excerpt).is_none()) {
            Some(line) => format!("{line}\n{excerpt}"),
            None => excerpt,
        },
    };
    if let Some(hint) = hint(&excerpt, level) {
        excerpt.push('\n');
        excerpt.push_str(hint);
    }
    InstallError::Exit { what: what.to_owned(), exit, excerpt }
}

/// The line that says that the disk is full. It explains whatever follows, and installers often
/// give it as one warning of many.
fn full_disk(output: &str) -> Option<&str> {
    const SIGNS: [&str; 3] = ["no space left on device", "enospc", "(os error 28)"];
    output.lines().map(str::trim).find(|line| {
        let line = line.to_ascii_lowercase();
        SIGNS.iter().any(|sign| line.contains(sign))
    })
}

/// How a command ended. Nobody here kills one without saying so: it was somebody else.
fn ended(what: &str, exit: Exit) -> String {
    // A shell tells the signal of its command so.
    let killed = exit.code() == 128 + 9;
    let why =
        if killed { ": killed, most likely as the container's memory was used up" } else { "" };
    format!("({what} ended with {exit}{why})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_leaves_room_for_how_it_ended() {
        let error =
            exit_error("`cargo install`", Exit::Code(101), &"x".repeat(3000), Level::default());
        let text = error.text();
        assert_eq!(text.chars().count(), ERROR_LIMIT);
        assert!(text.ends_with("(`cargo install` ended with exit code 101)"), "{text}");
    }

    #[test]
    fn a_library_that_is_missing_is_named_however_long_the_trace_above_it() {
        let trace = format!(
            "{}\nImportError: libutil.so.1: cannot open shared object file: No such \
                             file or directory",
            "  File \"x.py\", in y\n".repeat(99)
        );
        let error = exit_error("python3", Exit::Code(1), &trace, Level::default());
        let InstallError::Exit { excerpt, .. } = error else { unreachable!() };
        let command = "python3 -c 'import torch'".to_owned();
        let text = InstallError::Verify { command, excerpt }.text();
        assert!(text.starts_with("installed, but `python3 -c 'import torch'` fails: "), "{text}");
        assert!(text.contains("ImportError: libutil.so.1"), "{text}");
        assert!(text.ends_with("by its slice `all`)"), "{text}");
        assert!(text.chars().count() <= ERROR_LIMIT);
    }

    #[test]
    fn a_denial_under_landlock_says_where_installers_may_write() {
        let held = Level { landlock: Some(7), ..Level::default() };
        let error = |level| exit_error("x", Exit::Code(1), "sh: /etc/x: Permission denied", level);
        assert!(error(held).text().contains("only to $PREFIX and $STAGE"));
        assert!(!error(Level::default()).text().contains("$PREFIX"));
    }

    #[test]
    fn a_full_volume_is_told_from_a_broken_one_and_from_a_failed_installer() {
        let io = |number| InstallError::io("write", "/x")(io::Error::from_raw_os_error(number));
        assert_eq!(io(28).volume_failure(), Some(VolumeFailure::Full));
        assert_eq!(io(30).volume_failure(), Some(VolumeFailure::Broken));
        assert_eq!(io(2).volume_failure(), None);
        let counted = crate::store::space::check(std::path::Path::new("/"), u64::MAX);
        assert_eq!(counted.unwrap_err().volume_failure(), Some(VolumeFailure::Full));
        let printed =
            |text: &str| exit_error("x", Exit::Code(1), text, Level::default()).volume_failure();
        assert_eq!(printed("cp: write: No space left on device"), Some(VolumeFailure::Full));
        assert_eq!(printed("mkdir: Read-only file system"), Some(VolumeFailure::Broken));
        assert_eq!(printed("404"), None);
        let limit = |breach| InstallError::Limit { what: "x".to_owned(), breach };
        let disk = Breach::Disk { dir: "/x".into(), free: 1, reserve: 2 };
        assert_eq!(limit(disk).volume_failure(), Some(VolumeFailure::Full));
        assert_eq!(limit(Breach::Memory { limit: 1 }).volume_failure(), None);
    }

    #[test]
    fn a_full_disk_is_told_wherever_the_output_says_so() {
        let output = "npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write\n\
                      npm error code 1\nnpm error A complete log of this run can be found in: x";
        let error = exit_error("`npm install`", Exit::Code(1), output, Level::default());
        assert!(error.to_string().contains("no space left on device"), "{error}");
        assert!(!error.retry_can_help());
        let plain =
            exit_error("x", Exit::Code(1), "error: no space left on device", Level::default())
                .to_string();
        assert_eq!(plain.matches("no space").count(), 1, "{plain}");
    }

    #[test]
    fn another_attempt_is_made_for_a_broken_connection_and_not_for_a_broken_crate() {
        let (exit, none) = (Exit::Code(101), Level::default());
        let flaky =
            exit_error("x", exit, "error: failed to download: Connection reset by peer", none);
        let broken = exit_error("x", exit, "error[E0554]: …\nerror: could not compile `x`", none);
        assert!(flaky.retry_can_help());
        assert!(!broken.retry_can_help());
    }
}
