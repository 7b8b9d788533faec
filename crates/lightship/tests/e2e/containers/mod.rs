//! What happens in containers, a file a behaviour.

mod boot;
mod degraded;
mod kills;
mod limits;
mod persistence;
mod programs;
mod rollback;
mod tools;
