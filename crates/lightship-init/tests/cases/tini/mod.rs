//! What tini's own tests are about: T1 to T14.

mod command_line;
mod exit_codes;
mod file;
mod group;
mod inherited_signals;
mod parent_death;
mod reaping;
mod signals;
mod standard_input;
mod terminal;
