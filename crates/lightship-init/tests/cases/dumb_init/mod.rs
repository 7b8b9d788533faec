//! What dumb-init's own tests are about: D1 to D17.

mod command_line;
mod directory;
mod ending;
mod exit_codes;
mod forwarding;
mod group;
mod job_control;
mod rewriting;
mod terminal;
mod zombies;
