//! Waiting for tools and running their programs by name: `lightship-init wait`, `lightship-init
//! exec` and the verbs of `lightship` that are called likewise.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lightship_model::exit;
use lightship_model::manifest::Manifest;
use lightship_model::name::ToolName;
use lightship_model::shims::{self, MAP, ShimMap};
use lightship_model::toolenv::{Roots, exports, local_dir};
use rustix::process::geteuid;
use serde::Serialize;

use crate::client::At;
use crate::client::exchange::{Call, Peer};
use crate::control::{ControlAddress, VARIABLE};
use crate::ctl::{self, CtlError};
use crate::local;
use crate::shim::{Limit, Program, ShimError, WaitError, Waited, installer, look_up, wait};

/// How a tool stands after the waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stands {
    pub tool: ToolName,
    /// `installed`, `failed`, `skipped` (nobody loads it) or `pending` (the time was over).
    pub status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Stands {
    fn new(tool: &ToolName, waited: Waited) -> Self {
        let (status, reason) = match waited {
            Waited::Installed => ("installed", String::new()),
            Waited::Failed { reason } => ("failed", reason),
            Waited::Hopeless { reason } => ("skipped", reason),
            Waited::Late { words } => ("pending", words),
        };
        Self { tool: tool.clone(), status, reason }
    }

    /// For people, in one line.
    pub fn line(&self) -> String {
        let Self { tool, status, reason } = self;
        if reason.is_empty() {
            format!("{tool}: {status}")
        } else {
            format!("{tool}: {status}: {reason}")
        }
    }
}

/// Asks for all of `tools`, and waits until each is there or will not come, for at most `limit`
/// in all.
///
/// # Errors
/// When there is nobody to ask, or who is there does not want to.
pub fn wait_for(
    control: &ControlAddress,
    tools: &[ToolName],
    limit: Duration,
) -> Result<Vec<Stands>, WaitError> {
    let until = Instant::now() + limit;
    // All of them first, so that they are loaded together.
    for tool in tools.iter().skip(1) {
        promote(control, tool);
    }
    let mut all = Vec::new();
    for tool in tools {
        let left = until.saturating_duration_since(Instant::now());
        all.push(Stands::new(tool, wait(control, tool, installer().as_ref(), Limit(left))?));
    }
    Ok(all)
}

/// The control socket of a lightship that runs: the one that is named, what `LOA_CONTROL` names,
/// or the one that made the shims, where it loads into `tool_dir`. Nothing when there is none.
///
/// # Errors
/// When `LOA_CONTROL` names none.
pub fn running(
    named: Option<ControlAddress>,
    tool_dir: Option<&str>,
) -> Result<Option<ControlAddress>, CtlError> {
    if named.is_some() {
        return Ok(named);
    }
    if env::var_os(VARIABLE).is_some_and(|text| !text.is_empty()) {
        return ctl::find(None, None, None).map(Some);
    }
    let local = local_dir(geteuid().as_raw(), |name| env::var(name).ok());
    if !local::is_ours(Path::new(&local)) {
        return Ok(None);
    }
    let map = fs::read_to_string(Path::new(&local).join("shims").join(MAP));
    let map = map.ok().and_then(|text| ShimMap::parse(&text));
    let serves = |map: &ShimMap| {
        tool_dir.is_none_or(|dir| map.dirs.iter().any(|folder| *folder == format!("{dir}/bin")))
    };
    let control = map.filter(serves).and_then(|map| map.control?.parse().ok());
    Ok(control.filter(ControlAddress::is_listened_to))
}

/// What does not work is told by the waiting that follows.
fn promote(control: &ControlAddress, tool: &ToolName) {
    let path = format!("/v1/tools/{tool}/promote");
    if let Ok(peer) = Peer::new(&At::Socket(control.clone()), &path) {
        let call = Call { method: "POST", path: &path, token: None };
        drop(peer.exchange(&call));
    }
}

/// The exit code for how all of them stand.
pub fn code(all: &[Stands]) -> u8 {
    let any = |status: &str| all.iter().any(|stands| stands.status == status);
    if any("failed") || any("skipped") {
        exit::NO
    } else if any("pending") {
        exit::GAVE_UP
    } else {
        exit::OK
    }
}

/// A program that is to be run, whether it is there or not.
#[derive(Debug)]
pub struct Run {
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// The tool that is needed for it, where it is another one than the one that has it.
    pub tool: Option<ToolName>,
    roots: Roots,
}

impl Run {
    /// `words` with the tools in `tool_dir`.
    pub fn new(words: Vec<OsString>, tool: Option<ToolName>, tool_dir: &str) -> Self {
        let roots = Roots::new(tool_dir, geteuid().as_raw(), |name| env::var(name).ok());
        let safe = local::is_ours(Path::new(&roots.local));
        Self { words, tool, roots: roots.with_local_if(safe) }
    }

    /// The program's name.
    pub fn name(&self) -> &OsStr {
        self.words.first().map(OsString::as_os_str).unwrap_or_default()
    }

    /// The tool that has to be loaded first; nothing when the program can be run as things are,
    /// or belongs to no tool of `manifest`.
    pub fn needs(&self, manifest: &Manifest) -> Option<ToolName> {
        if self.tool.is_some() {
            return self.tool.clone();
        }
        if look_up(&self.roots.programs(), self.name()).is_some() {
            return None;
        }
        let mut programs = shims::programs(manifest).into_iter();
        let own = programs.find(|(program, _)| self.name() == OsStr::new(program.as_str()));
        own.map(|(_, tool)| tool)
    }

    /// Waits until `tool` is there.
    ///
    /// # Errors
    /// When it will not come, or not in time.
    pub fn wait(
        &self,
        control: &ControlAddress,
        tool: &ToolName,
        limit: Duration,
    ) -> Result<(), ShimError> {
        wait(control, tool, installer().as_ref(), Limit(limit))?.into_result(tool, limit)
    }

    /// Becomes the program, with the tools in its environment; the exit code when it can't.
    pub fn become_it(&self) -> u8 {
        let exports = exports(&self.roots, |name| env::var(name).ok());
        let found = look_up(&self.roots.programs(), self.name()).or_else(|| self.on_path());
        let error = match found {
            Some(program) => program.execute(&self.words, &exports),
            None => ShimError::NotFound,
        };
        error.tell(self.name())
    }

    fn on_path(&self) -> Option<Program> {
        let name = Path::new(self.name());
        if name.components().count() > 1 {
            return Some(Program::at(name.to_owned()));
        }
        let path = env::var_os("PATH")?;
        // A shim would be the same question once more.
        let local = local_dir(geteuid().as_raw(), |name| env::var(name).ok());
        let shims = Path::new(&local).join("shims");
        let dirs: Vec<PathBuf> = env::split_paths(&path).filter(|dir| *dir != shims).collect();
        look_up(&dirs, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_goes_before_a_tool_that_is_late() {
        let stands = |status| Stands { tool: "x".parse().unwrap(), status, reason: String::new() };
        assert_eq!(code(&[stands("installed")]), 0);
        assert_eq!(code(&[stands("installed"), stands("pending")]), 75);
        assert_eq!(code(&[stands("pending"), stands("failed")]), 1);
    }
}
