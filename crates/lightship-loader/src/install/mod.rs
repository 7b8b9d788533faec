//! One attempt at one tool: from "is it there already?" to receipt and links.

pub(crate) mod attempt;
mod entries;
mod environment;
mod error;
mod job;
mod lines;
pub(crate) mod log;
mod preexisting;
pub(crate) mod process;
pub(crate) mod progress;
mod verify;

pub(crate) use self::entries::Outcome;
pub(crate) use self::environment::{Environment, user_home};
pub(crate) use self::error::{InstallError, VolumeFailure};
pub(crate) use self::job::{Job, Runner};
