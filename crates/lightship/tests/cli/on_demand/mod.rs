//! Programs that are not there yet: shims, `exec`, `wait`; with a real lightship, real processes
//! and tools that scripts make.

mod circles;
mod crowd;
mod exec;
mod failures;
mod first_use;
mod gone;
mod installers;
mod limits;
mod loaders;
mod names;
mod support;
mod terminal;
mod wait;
