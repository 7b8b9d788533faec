//! The HTTP side of PID 1: the health port, and the control socket.
//!
//! ```text
//! bytes ─► request ─► access ─► routes ─► answer ─► bytes
//!            (parse)  (rights)  (decide)    ╰─ or a command for the loop, answered later
//! ```
//!
//! `server` is the part that the loop knows. `connection` carries bytes, `conversation` knows
//! what they mean and how long they may take, `desk` does what the routes want, `journal` keeps
//! the newest events for the streams.

mod access;
mod answer;
mod command;
mod connection;
mod conversation;
mod dashboard;
mod date;
mod desk;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod journal;
mod process;
mod query;
mod request;
mod requests;
mod routes;
mod server;
#[cfg(test)]
mod tests;

pub use self::access::Details;
pub(crate) use self::access::{Access, Token};
pub(crate) use self::answer::Answer;
pub(crate) use self::command::{Asked, Command, Ticket};
#[cfg(any(test, fuzzing))]
pub(crate) use self::fuzz::{conversation as fuzz_conversation, journal as fuzz_journal};
pub(crate) use self::server::Http;
