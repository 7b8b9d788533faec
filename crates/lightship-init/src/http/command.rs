//! What somebody wants to have done: it is passed on, and answered when it is done.

use lightship_model::name::ToolName;

/// A command of the control socket, or of who has the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Load this tool now, and what it requires.
    Promote { tool: ToolName },
    /// Load this tool now, and tell how it goes until it is there: for whoever runs its program,
    /// which may be the installer of another tool.
    Wait { tool: ToolName, needed_by: Option<ToolName> },
    /// Try a failed tool again.
    Retry { tool: ToolName },
    /// Read the manifest again.
    Reload,
    /// Stop the service and end.
    Stop,
    /// The last lines of what the tool's installer printed.
    ToolLog { tool: ToolName, lines: usize },
}

/// A command, and where its answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) ticket: Ticket,
    pub(crate) what: Command,
    /// Who asks, in words.
    pub(crate) by: String,
}

/// Whom to answer: [`super::Http::reply`] takes it. It outlives the connection without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(super) connection: u64,
    pub(super) sequence: u64,
}
