//! A shim: this program under the name of another one, which may not be there yet. If it is, it
//! is executed at once; if not, its tool is asked for, waited for, and then it is executed. What
//! runs in the end has the caller's arguments, streams, process number and exit code.
//!
//! ```text
//! shims/ck ─► shims/.lightship-shim ─► /usr/bin/lightship-init      (links)
//!        ╰─ shims/.lightship-shims says: program ck comes with tool ck-search
//! ```

pub mod directory;
mod guard;
mod program;
mod progress;
#[cfg(test)]
mod tests;
mod wait;

use std::convert::Infallible;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lightship_model::duration::HumanDuration;
use lightship_model::exit;
use lightship_model::manifest::defaults;
use lightship_model::name::ToolName;
use lightship_model::shims::{MAP, ShimMap};

pub use self::guard::VARIABLE as GUARD_VARIABLE;
pub use self::program::{Program, look_up};
pub use self::wait::{Limit, WaitError, Waited, wait};
use crate::control::ControlAddress;
use crate::sys;

/// How long to wait, as durations are written; goes before what the manifest says.
pub const WAIT_VARIABLE: &str = "LIGHTSHIP_WAIT";
/// Set to anything but nothing and `0`: do not wait at all.
pub const NO_WAIT_VARIABLE: &str = "LIGHTSHIP_NO_WAIT";

/// The link that every shim points to; it points to this program.
const TARGET: &str = ".lightship-shim";
/// Links to links to links, but not for ever.
const MAX_LINKS: usize = 32;

/// Which program this process was called as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shim {
    /// The directory of shims that it lies in.
    dir: PathBuf,
    name: OsString,
}

impl Shim {
    /// The shim that this process is, if it is one. `argv0` is the name that it was given: the
    /// kernel's own word for what was executed goes before it, except for the interpreter of a
    /// script, of which the kernel names the script.
    pub fn of_process(argv0: Option<&OsStr>) -> Option<Self> {
        let executed = sys::executed_path().and_then(|path| Self::at(&path));
        let named = || argv0.map(Path::new).filter(|path| path.components().count() > 1);
        executed.or_else(|| Self::at(named()?))
    }

    /// Follows the links from `path` on, until one is a shim.
    fn at(path: &Path) -> Option<Self> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let target = fs::read_link(&path).ok()?;
            let dir = path.parent()?.to_owned();
            if target.file_name() == Some(OsStr::new(TARGET)) {
                let name = path.file_name()?.to_owned();
                return Some(Self { dir: dir.join(target.parent()?), name });
            }
            path = dir.join(target);
        }
        None
    }

    /// Becomes the program, once it is there; the exit code when it does not come to that.
    /// `words` are the process's arguments, with its name.
    pub fn run(&self, words: &[OsString]) -> u8 {
        match self.become_program(words) {
            Ok(never) => match never {},
            Err(error) => error.tell(&self.name),
        }
    }

    fn become_program(&self, words: &[OsString]) -> Result<Infallible, ShimError> {
        let map = self.map()?;
        let guard = guard::Guard::of_process(&self.name)?;
        // Called without a name, it still has to be called something.
        let own_name = [self.name.clone()];
        let words = if words.is_empty() { &own_name } else { words };
        if let Some(program) = look_up(&map.dirs, &self.name) {
            return Err(program.execute(words, &guard.pass_on()));
        }
        let mut programs = map.programs.iter();
        let own = programs.find(|(program, _)| self.name == OsStr::new(program.as_str()));
        let (_, tool) = own.ok_or(ShimError::Unknown)?;
        wait_for(tool, &map)?;
        let program = look_up(&map.dirs, &self.name);
        let program = program.ok_or_else(|| ShimError::NoProgram { tool: tool.clone() })?;
        Err(program.execute(words, &guard.pass_on()))
    }

    fn map(&self) -> Result<ShimMap, ShimError> {
        let path = self.dir.join(MAP);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(ShimError::Map { path, source }),
        };
        let other = || io::Error::other("it is of another version of lightship");
        ShimMap::parse(&text).ok_or_else(|| ShimError::Map { path, source: other() })
    }
}

fn wait_for(tool: &ToolName, map: &ShimMap) -> Result<(), ShimError> {
    // What is opened from now on must not be taken for a standard stream that is closed.
    let _held = sys::hold_standard_descriptors();
    let var = |name: &str| env::var(name).ok();
    let limit = limit(var, map.wait).map_err(ShimError::Limit)?;
    let control = map.control.as_deref().ok_or(ShimError::NoControl)?;
    let control: ControlAddress = control.parse().map_err(|_| ShimError::NoControl)?;
    wait(&control, tool, installer().as_ref(), limit)?.into_result(tool, limit.0)
}

/// The tool whose installer this process belongs to.
pub fn installer() -> Option<ToolName> {
    env::var_os("LIGHTSHIP_STAGE")?;
    env::var("LIGHTSHIP_TOOL").ok()?.parse().ok()
}

/// How long to wait: not at all, as the environment says, or as the manifest says. The error is
/// a value that is no duration.
pub fn limit(
    var: impl Fn(&str) -> Option<String>,
    manifest: Option<Duration>,
) -> Result<Limit, String> {
    let var = |name: &str| var(name).filter(|value| !value.is_empty());
    if var(NO_WAIT_VARIABLE).is_some_and(|value| value != "0") {
        return Ok(Limit(Duration::ZERO));
    }
    let named = var(WAIT_VARIABLE).map(|text| HumanDuration::parse(&text)).transpose()?;
    let named = named.map(|HumanDuration(wait)| wait);
    Ok(Limit(named.or(manifest).unwrap_or(defaults::WAIT)))
}

/// Why the program does not run.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    #[error("can't read `{path}`: {source}; a start of lightship makes it anew")]
    Map { path: PathBuf, source: io::Error },
    #[error("no tool of the manifest has this program any more")]
    Unknown,
    #[error("the tool {tool} is installed, and has no such program")]
    NoProgram { tool: ToolName },
    #[error(
        "it leads back to its own shim ({0}): the search path or a link goes round in a circle"
    )]
    Circle(&'static str),
    #[error("{WAIT_VARIABLE}: {0}")]
    Limit(String),
    #[error("it is not there, and no lightship takes commands here (`control` of [health] is off)")]
    NoControl,
    #[error("it is not there, and {0}")]
    Wait(#[from] WaitError),
    #[error("the tool {tool} failed: {reason}; `lightship tools log {tool}` shows more")]
    Failed { tool: ToolName, reason: String },
    #[error("the tool {tool} is not being loaded: {reason}")]
    Hopeless { tool: ToolName, reason: String },
    #[error(
        "the tool {tool} is not there yet ({words}){}; it goes on being loaded",
        late(*limit)
    )]
    Late { tool: ToolName, words: String, limit: Duration },
    #[error("it is not there, and no tool of the manifest has it")]
    NotFound,
    #[error("can't execute `{path}`: {source}")]
    Execute { path: PathBuf, source: io::Error },
}

fn late(limit: Duration) -> String {
    if limit.is_zero() {
        return String::new();
    }
    format!(", and {} have passed ({WAIT_VARIABLE} sets that)", HumanDuration(limit))
}

impl ShimError {
    /// The exit code that it ends with.
    pub fn code(&self) -> u8 {
        match self {
            Self::Limit(_) => exit::INPUT,
            Self::Unknown | Self::NoProgram { .. } | Self::NotFound => exit::NOT_FOUND,
            Self::Execute { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                exit::NOT_FOUND
            }
            Self::Execute { .. } => exit::NOT_EXECUTABLE,
            Self::Late { .. } => exit::GAVE_UP,
            Self::Circle(_) => exit::INTERNAL,
            Self::Map { .. }
            | Self::NoControl
            | Self::Wait(_)
            | Self::Failed { .. }
            | Self::Hopeless { .. } => exit::UNAVAILABLE,
        }
    }

    /// Says it in one line, and gives the exit code.
    pub fn tell(&self, name: &OsStr) -> u8 {
        progress::line(&format!("{}: {self}", name.display()));
        self.code()
    }
}
