//! Hooks: commands that are run at turning points of the service's life.

use std::fmt;

use super::Signal;

/// Which hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// To its end, before each start.
    BeforeStart,
    /// In place of the signal that asks the service to end.
    Stop,
    Reload,
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeStart => "before_start",
            Self::Stop => "stop",
            Self::Reload => "reload",
        })
    }
}

/// What makes the service read its configuration again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    Signal(Signal),
    Hook,
}
