//! lightship's data and its decisions: what a manifest wants, what a receipt proves, what
//! has to be done in which order, and what the outside world is told about it.
//!
//! Nothing here touches a file, a clock, a socket or a thread. Both halves of a running
//! container use it: PID 1 (`lightship-init`) folds events into a [`status::Status`]; the
//! loader (`lightship-loader`) turns a [`manifest::Manifest`] into a plan and a schedule.

pub mod builtin;
pub mod confinement;
pub mod digest;
pub mod duration;
pub mod event;
pub mod excerpt;
pub mod exit;
pub mod health;
pub mod history;
pub mod key;
pub mod lock;
pub mod manifest;
pub mod metrics;
pub mod name;
pub mod nearest;
pub mod outlook;
pub mod plan;
pub mod receipt;
pub mod schedule;
pub mod settings;
pub mod shims;
pub mod signal;
pub mod size;
pub mod state;
pub mod status;
pub mod template;
pub mod time;
pub mod timeline;
pub mod toolenv;
pub mod volume;
pub mod waits;
