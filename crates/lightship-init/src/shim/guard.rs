//! A shim that ends up at itself must say so instead of going round for ever.

use std::env;
use std::ffi::OsStr;
use std::process;

use super::ShimError;

/// What a shim leaves in the environment of its program: NAME, process and how deep it is, with
/// a blank between them.
pub const VARIABLE: &str = "LIGHTSHIP_SHIM";

/// So many programs of one name, each started by the one before through its shim, are no longer
/// taken for chance.
const DEEPEST: u32 = 16;

/// How often this shim was gone through on the way to this process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Guard {
    name: String,
    depth: u32,
}

impl Guard {
    /// What the environment says.
    pub(super) fn of_process(name: &OsStr) -> Result<Self, ShimError> {
        Self::new(name, env::var(VARIABLE).ok().as_deref(), process::id())
    }

    /// A process that executes something else keeps its number: the same shim again in the same
    /// process is a circle. One that starts others is one when it goes deep.
    fn new(name: &OsStr, before: Option<&str>, pid: u32) -> Result<Self, ShimError> {
        let name = name.to_string_lossy().into_owned();
        let mut words = before.unwrap_or_default().split(' ');
        let same = words.next() == Some(name.as_str());
        let by = words.next().and_then(|word| word.parse::<u32>().ok());
        let depth = words.next().and_then(|word| word.parse::<u32>().ok()).filter(|_| same);
        let depth = depth.map_or(0, |depth| depth.saturating_add(1));
        if same && by == Some(pid) {
            return Err(ShimError::Circle("in one process"));
        }
        if depth >= DEEPEST {
            return Err(ShimError::Circle("from process to process"));
        }
        Ok(Self { name, depth })
    }

    /// The variable for the program that is about to be executed.
    pub(super) fn pass_on(&self) -> [(&'static str, String); 1] {
        [(VARIABLE, format!("{} {} {}", self.name, process::id(), self.depth))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(before: Option<&str>, pid: u32) -> Option<u32> {
        Guard::new(OsStr::new("ck"), before, pid).ok().map(|guard| guard.depth)
    }

    #[test]
    fn the_same_shim_in_the_same_process_is_a_circle() {
        assert_eq!(depth(None, 7), Some(0));
        assert_eq!(depth(Some("ck 7 0"), 7), None);
        assert_eq!(depth(Some("br 7 0"), 7), Some(0), "another program became this one");
    }

    #[test]
    fn a_program_may_start_itself_but_not_for_ever() {
        assert_eq!(depth(Some("ck 7 0"), 8), Some(1));
        assert_eq!(depth(Some("ck 7 14"), 8), Some(15));
        assert_eq!(depth(Some("ck 7 15"), 8), None);
        assert_eq!(depth(Some("rubbish"), 8), Some(0));
    }
}
