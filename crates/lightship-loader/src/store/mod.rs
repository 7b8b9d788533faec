//! The tool directory. Only the loader writes it.
//!
//! The receipt is the commit point: a prefix without one is rubbish, links and the state file
//! are derived from receipts, and everything is written aside, synced and renamed.

pub(crate) mod atomic;
pub(crate) mod audit;
pub(crate) mod check;
mod dir;
pub(crate) mod disk;
pub(crate) mod durable;
mod lease;
pub(crate) mod links;
pub(crate) mod listing;
pub(crate) mod lock;
pub(crate) mod measure;
pub(crate) mod receipts;
pub(crate) mod space;
pub(crate) mod state_file;
pub(crate) mod strays;
pub(crate) mod sweep;
pub(crate) mod volume;

pub(crate) use self::atomic::replace;
pub(crate) use self::dir::ToolDir;
pub(crate) use self::lease::Hold;
pub(crate) use self::lock::DirLock;
