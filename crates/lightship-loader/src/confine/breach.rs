//! A limit that an installer ran into, in words.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lightship_model::duration::HumanDuration;
use lightship_model::size::Size;

/// Why an installer was stopped before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Breach {
    /// All installers together may use so many bytes, or this one alone may.
    Memory { limit: u64 },
    /// Processes and threads.
    Processes { limit: u32 },
    /// The volume of `dir` had `free` bytes left; `reserve` are for others.
    Disk { dir: PathBuf, free: u64, reserve: u64 },
    /// Nothing was printed for so long.
    Silence { after: Duration },
    /// These detached themselves, and ran on when the installer had ended.
    Daemons { names: Vec<String> },
}

impl Breach {
    /// What can be done about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Memory { .. } => {
                "raise `memory` of the tool or of [loader], or give the container more"
            }
            Self::Processes { .. } => "raise `processes` of the tool or of [loader]",
            Self::Disk { .. } => "make room on that volume, or choose a larger one",
            Self::Daemons { .. } => "an installer ends with everything that it starts",
            Self::Silence { .. } => "raise `silence` of the tool or of [loader], or let it print",
        }
    }
}

impl fmt::Display for Breach {
    /// Goes on after the installer's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { limit } => write!(f, "used more than {} of memory", Size(*limit)),
            Self::Processes { limit } => {
                write!(f, "tried to run more than {limit} processes and threads")
            }
            Self::Disk { dir, free, reserve } => write!(
                f,
                "filled the disk: {} were left on the volume of `{}`, of which {} are kept free",
                Size(*free),
                dir.display(),
                Size(*reserve)
            ),
            Self::Daemons { names } => {
                write!(f, "left daemons running: {}", names.join(", "))
            }
            Self::Silence { after } => write!(f, "printed nothing for {}", HumanDuration(*after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_number() {
        let disk = Breach::Disk { dir: "/data".into(), free: 60 << 20, reserve: 64 << 20 };
        for (breach, says) in [
            (Breach::Memory { limit: 2 << 30 }, "used more than 2 GiB of memory"),
            (Breach::Processes { limit: 64 }, "tried to run more than 64 processes and threads"),
            (
                Breach::Daemons { names: vec!["sh".into(), "x".into()] },
                "left daemons running: sh, x",
            ),
            (Breach::Silence { after: Duration::from_mins(15) }, "printed nothing for 15m"),
            (
                disk,
                "filled the disk: 60 MiB were left on the volume of `/data`, of which 64 MiB are \
                 kept free",
            ),
        ] {
            assert_eq!(breach.to_string(), says);
            assert!(!breach.help().is_empty());
        }
    }
}
